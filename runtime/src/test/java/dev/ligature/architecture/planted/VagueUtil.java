package dev.ligature.architecture.planted;

final class VagueUtil {
    private VagueUtil() {}
}

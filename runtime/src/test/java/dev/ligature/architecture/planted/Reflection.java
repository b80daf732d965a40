package dev.ligature.architecture.planted;

final class Reflection {
    private Reflection() {}

    static Class<?> byName(String name) throws ClassNotFoundException {
        return Class.forName(name);
    }
}

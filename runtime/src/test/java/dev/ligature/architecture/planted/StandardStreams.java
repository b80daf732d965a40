package dev.ligature.architecture.planted;

final class StandardStreams {
    private StandardStreams() {}

    static void print(String line) {
        System.out.println(line);
    }
}

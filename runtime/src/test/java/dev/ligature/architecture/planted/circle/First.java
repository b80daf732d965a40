package dev.ligature.architecture.planted.circle;

/** Needs the second by a nested class, which counts as this class. */
final class First {
    record Nested(Second second) {}
}

package dev.ligature.architecture.planted.circle;

/** Closes the circle. */
final class Third {
    First first = new First();
}

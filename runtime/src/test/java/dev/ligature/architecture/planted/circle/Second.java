package dev.ligature.architecture.planted.circle;

/** Needs the third in an array. */
final class Second {
    Third[] thirds = {};
}

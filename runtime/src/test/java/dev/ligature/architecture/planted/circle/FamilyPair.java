package dev.ligature.architecture.planted.circle;

/** Two of a family. */
record FamilyPair(Family first, Family second) implements Family {}

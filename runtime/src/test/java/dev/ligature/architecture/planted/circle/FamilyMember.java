package dev.ligature.architecture.planted.circle;

/** One of a family. */
record FamilyMember() implements Family {}

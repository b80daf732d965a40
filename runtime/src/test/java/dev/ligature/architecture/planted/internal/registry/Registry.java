package dev.ligature.architecture.planted.internal.registry;

/** Stands for the top of the internal packages, which those below must not know. */
public record Registry(String name) {}

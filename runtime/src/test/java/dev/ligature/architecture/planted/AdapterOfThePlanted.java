package dev.ligature.architecture.planted;

/** Stands for the public face, which the packages below must not know. */
public record AdapterOfThePlanted(String name) {}

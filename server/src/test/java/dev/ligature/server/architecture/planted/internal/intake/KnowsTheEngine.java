package dev.ligature.server.architecture.planted.internal.intake;

import dev.ligature.server.architecture.planted.internal.engine.KnowsTheIntake;

/** The other half of a circle of packages. */
public record KnowsTheEngine(KnowsTheIntake engine) {}

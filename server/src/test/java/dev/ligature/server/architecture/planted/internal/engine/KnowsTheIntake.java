package dev.ligature.server.architecture.planted.internal.engine;

import dev.ligature.server.architecture.planted.internal.intake.KnowsTheEngine;
import io.vertx.core.Vertx;

/** Breaks the rules of {@code ArchitectureTest}; read as byte code, never run. */
public record KnowsTheIntake(KnowsTheEngine intake, Vertx vertx) {}

package dev.ligature.architecture.planted.internal.effect;

import dev.ligature.architecture.planted.internal.registry.Registry;

record KnowsTheRegistry(Registry registry) {}

package dev.ligature.architecture.planted.internal.slot;

import dev.ligature.architecture.planted.internal.registry.Registry;

record KnowsTheRegistry(Registry registry) {}

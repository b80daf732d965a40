package dev.ligature.architecture.planted.checkpoint;

import dev.ligature.architecture.planted.internal.registry.Registry;

record KnowsTheRegistry(Registry registry) {}

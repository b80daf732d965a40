package dev.ligature.architecture.planted.internal.names;

import dev.ligature.architecture.planted.internal.registry.Registry;

record KnowsTheRegistry(Registry registry) {}

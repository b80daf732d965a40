package dev.ligature.architecture.planted.internal.rows;

import dev.ligature.architecture.planted.internal.registry.Registry;

record KnowsTheRegistry(Registry registry) {}

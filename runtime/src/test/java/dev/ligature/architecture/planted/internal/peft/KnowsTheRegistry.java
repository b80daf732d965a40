package dev.ligature.architecture.planted.internal.peft;

import dev.ligature.architecture.planted.internal.registry.Registry;

record KnowsTheRegistry(Registry registry) {}

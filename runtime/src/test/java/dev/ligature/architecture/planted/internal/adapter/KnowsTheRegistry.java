package dev.ligature.architecture.planted.internal.adapter;

import dev.ligature.architecture.planted.internal.registry.Registry;

record KnowsTheRegistry(Registry registry) {}

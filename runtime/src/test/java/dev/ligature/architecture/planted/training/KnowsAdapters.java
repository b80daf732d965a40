package dev.ligature.architecture.planted.training;

import dev.ligature.architecture.planted.AdapterOfThePlanted;

public record KnowsAdapters(AdapterOfThePlanted adapter) {}

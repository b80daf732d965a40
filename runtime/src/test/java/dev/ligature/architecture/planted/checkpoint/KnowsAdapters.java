package dev.ligature.architecture.planted.checkpoint;

import dev.ligature.architecture.planted.AdapterOfThePlanted;

record KnowsAdapters(AdapterOfThePlanted adapter) {}

package dev.ligature.architecture.planted;

import dev.ligature.architecture.planted.training.KnowsAdapters;

record NeedsTraining(KnowsAdapters training) {}

package dev.ligature.architecture.planted.plan;

import ai.djl.ndarray.NDArray;
import dev.ligature.architecture.planted.inject.KnowsPlans;

/** Holds an array, and closes a cycle with {@code inject}. */
public record HoldsAnArray(NDArray array, KnowsPlans knows) {}

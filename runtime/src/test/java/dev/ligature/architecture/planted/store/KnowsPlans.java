package dev.ligature.architecture.planted.store;

import dev.ligature.architecture.planted.plan.HoldsAnArray;

public record KnowsPlans(HoldsAnArray plan) {}

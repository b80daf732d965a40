package dev.ligature.architecture.planted.inject;

import dev.ligature.architecture.planted.plan.HoldsAnArray;

public record KnowsPlans(HoldsAnArray plan) {}

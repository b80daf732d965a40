package dev.ligature.architecture.planted.internal.linalg;

import dev.ligature.architecture.planted.plan.HoldsAnArray;

record KnowsPlans(HoldsAnArray plan) {}

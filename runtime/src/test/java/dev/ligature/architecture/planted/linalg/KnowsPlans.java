package dev.ligature.architecture.planted.linalg;

import dev.ligature.architecture.planted.plan.HoldsAnArray;

record KnowsPlans(HoldsAnArray plan) {}

package dev.ligature.architecture.planted.block;

import dev.ligature.architecture.planted.plan.HoldsAnArray;

record KnowsPlans(HoldsAnArray plan) {}

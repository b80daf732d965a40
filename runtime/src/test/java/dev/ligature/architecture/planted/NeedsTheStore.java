package dev.ligature.architecture.planted;

import dev.ligature.architecture.planted.store.KnowsPlans;

record NeedsTheStore(KnowsPlans store) {}

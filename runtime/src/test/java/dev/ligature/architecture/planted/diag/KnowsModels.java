package dev.ligature.architecture.planted.diag;

import ai.djl.nn.Block;

record KnowsModels(Block block) {}

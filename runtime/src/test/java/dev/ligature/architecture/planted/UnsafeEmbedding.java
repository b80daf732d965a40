package dev.ligature.architecture.planted;

import ai.djl.nn.Block;
import ai.djl.nn.transformer.IdEmbedding;

final class UnsafeEmbedding {
    private UnsafeEmbedding() {}

    static Block create() {
        return new IdEmbedding.Builder().setDictionarySize(2).setEmbeddingSize(2).build();
    }
}

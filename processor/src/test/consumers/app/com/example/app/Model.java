package com.example.app;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import com.example.parts.Part;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import java.util.List;

/** A model whose layers come from a library. */
public final class Model extends AbstractBlock {
    @LoraTarget(role = Role.INPUT_EMBEDDING)
    Block embedTokens = Blocks.identityBlock();

    @LoraChild final List<Part> layers = List.of(new Part(), new Part());

    @LoraTarget(role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "tied")
    Block lmHead = Blocks.identityBlock();

    final boolean tied = true;

    /** Creates a model of two layers. */
    public Model() {}

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
        return lmHead.forward(store, inputs, training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }
}

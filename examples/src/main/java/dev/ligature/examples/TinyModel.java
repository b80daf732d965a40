package dev.ligature.examples;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.block.TiedLinear;
import dev.ligature.block.TokenEmbedding;
import org.jspecify.annotations.Nullable;

/**
 * A model of your own, ready for adapters: each block that an adapter may change is a field with an
 * annotation, whose value is the module's name in PEFT's files. {@link Quickstart} uses it.
 */
public final class TinyModel extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget(value = "embed_tokens", role = Role.INPUT_EMBEDDING)
    Block embedTokens;

    @LoraTarget("dense")
    Block dense;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied("embed_tokens") // the head reads the embedding's weight
    Block lmHead;

    private final long vocabulary;
    private final long size;

    /**
     * Creates a model without weights.
     *
     * @param vocabulary the number V of tokens
     * @param size the size d of a token's hidden state
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public TinyModel(int vocabulary, int size) {
        super(VERSION);
        this.vocabulary = vocabulary;
        this.size = size;
        embedTokens = addChildBlock("embed_tokens", new TokenEmbedding(vocabulary, size));
        dense = addChildBlock("dense", Linear.builder().setUnits(size).build());
        lmHead = addChildBlock("lm_head", new TiedLinear(embedTokens));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = embedTokens.forward(store, inputs, training, params); // (B, T) -> (B, T, d)
        x = dense.forward(store, x, training, params); // (B, T, d)
        return lmHead.forward(store, x, training, params); // (B, T, V)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(vocabulary)};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = inputShapes[0].add(size);
        embedTokens.initialize(manager, dataType, inputShapes[0]);
        dense.initialize(manager, dataType, hidden);
        lmHead.initialize(manager, dataType, hidden);
    }
}

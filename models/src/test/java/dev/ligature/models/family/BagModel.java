package dev.ligature.models.family;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.models.block.CausalMask;
import dev.ligature.models.block.DecoderInputs;
import dev.ligature.models.block.Linears;

/** Predicts a token from the mean of the embeddings before it: a decoder of one layer. */
public final class BagModel extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget(value = "embed", role = Role.INPUT_EMBEDDING)
    Block embed;

    @LoraTarget(value = "head", role = Role.OUTPUT_HEAD)
    Block head;

    final int vocabulary;
    final int size;
    final boolean generates;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    BagModel(int vocabulary, int size, boolean generates) {
        super(VERSION);
        this.vocabulary = vocabulary;
        this.size = size;
        this.generates = generates;
        embed = addChildBlock("embed", new TokenEmbedding(vocabulary, size));
        head = addChildBlock("head", Linears.of(vocabulary, false));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        DecoderInputs in = DecoderInputs.of(inputs, 1);
        NDManager manager = in.ids().getManager();
        NDArray x =
                embed.forward(store, new NDList(in.ids()), training, params)
                        .singletonOrThrow(); // (B, T) -> (B, T, d)
        NDArray keys = x.expandDims(1); // (B, 1, T, d)
        NDList cache = in.cache(0);
        NDArray all =
                cache.isEmpty()
                        ? keys
                        : NDArrays.concat(new NDList(cache.get(0), keys), 2); // (B, 1, P+T, d)
        NDArray mask = CausalMask.of(manager, in.past(), in.tokens(), in.attentionMask(manager), 1);
        NDArray mean = mask.softmax(-1).matMul(all).squeeze(1); // (B, T, d)
        NDArray logits = head.forward(store, new NDList(mean), training, params).get(0);
        return cache.isEmpty() ? new NDList(logits) : new NDList(logits, all, all.duplicate());
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, vocabulary);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        embed.initialize(manager, dataType, inputShapes[0]);
        head.initialize(manager, dataType, inputShapes[0].add(size));
    }
}

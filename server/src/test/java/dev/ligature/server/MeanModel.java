package dev.ligature.server;

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
import dev.ligature.annotation.Role;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.block.CausalMask;
import dev.ligature.models.block.DecoderInputs;
import dev.ligature.models.block.Linears;
import org.jspecify.annotations.Nullable;

/** A decoder that is no Llama: it predicts a token from the mean of the embeddings before it. */
final class MeanModel extends AbstractBlock {
    static final int SIZE = 16;

    private Block embed;
    private Block head;
    private final int vocabulary;

    MeanModel(int vocabulary) {
        super((byte) 1);
        this.vocabulary = vocabulary;
        embed = addChildBlock("embed", new TokenEmbedding(vocabulary, SIZE));
        head = addChildBlock("head", Linears.of(vocabulary, false));
    }

    static void visit(MeanModel model, ModuleWalker walker) {
        model.embed = walker.module("embed", Role.INPUT_EMBEDDING, model.embed);
        model.head = walker.module("head", Role.OUTPUT_HEAD, model.head);
    }

    DecoderShape decoderShape() {
        return new DecoderShape(vocabulary, 64, 1, 1, SIZE);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        DecoderInputs in = DecoderInputs.of(inputs, 1);
        NDManager manager = in.ids().getManager();
        NDArray x = embed.forward(store, new NDList(in.ids()), training).head(); // (B, T, d)
        NDArray keys = x.expandDims(1); // (B, 1, T, d)
        NDList cache = in.cache(0);
        if (!cache.isEmpty()) {
            keys = NDArrays.concat(new NDList(cache.get(0), keys), 2); // (B, 1, P+T, d)
        }
        NDArray mask = CausalMask.of(manager, in.past(), in.tokens(), in.attentionMask(manager), 1);
        NDArray mean = mask.softmax(-1).matMul(keys).squeeze(1); // (B, T, d)
        NDArray logits = head.forward(store, new NDList(mean), training).head(); // (B, T, V)
        return cache.isEmpty() ? new NDList(logits) : new NDList(logits, keys, keys.duplicate());
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, vocabulary);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        embed.initialize(manager, dataType, inputShapes[0]);
        head.initialize(manager, dataType, inputShapes[0].add(SIZE));
    }
}

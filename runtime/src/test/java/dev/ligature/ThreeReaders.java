package dev.ligature;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.Role;
import dev.ligature.block.TiedEmbedding;
import dev.ligature.block.TiedLinear;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.inject.ModuleWalker;
import org.jspecify.annotations.Nullable;

/**
 * A model whose encoder, decoder and head read one weight: logits = head(proj(encoder(x) +
 * decoder(y))).
 */
final class ThreeReaders extends AbstractBlock {
    static final int V = 7;
    static final int D = 4;

    Block encoder;
    Block decoder;
    Block proj;
    Block head;

    private ThreeReaders() {
        super((byte) 1);
        encoder = addChildBlock("encoder", new TokenEmbedding(V, D));
        decoder = addChildBlock("decoder", new TiedEmbedding(encoder));
        proj = addChildBlock("proj", Linear.builder().setUnits(D).optBias(false).build());
        head = addChildBlock("head", new TiedLinear(encoder));
    }

    static ThreeReaders create(NDManager manager) {
        ThreeReaders model = new ThreeReaders();
        int[] salt = {1};
        model.setInitializer(
                (m, shape, t) -> m.create(Numbers.fill(shape, salt[0]++), shape),
                Parameter.Type.WEIGHT);
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3), new Shape(2, 3));
        return model;
    }

    static void visit(ThreeReaders model, ModuleWalker visitor) {
        model.encoder = visitor.module("encoder", Role.INPUT_EMBEDDING, model.encoder);
        model.decoder = visitor.module("decoder", Role.MODULE, model.decoder);
        model.proj = visitor.module("proj", Role.MODULE, model.proj);
        model.head = visitor.module("head", Role.OUTPUT_HEAD, model.head);
        visitor.tie("decoder", "encoder");
        visitor.tie("head", "encoder");
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = encoder.forward(store, new NDList(inputs.get(0)), training, params); // (B, T, D)
        NDList y = decoder.forward(store, new NDList(inputs.get(1)), training, params); // (B, T, D)
        NDList sum = new NDList(x.head().add(y.head())); // (B, T, D)
        return head.forward(store, proj.forward(store, sum, training, params), training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(V)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
        encoder.initialize(manager, type, shapes[0]);
        decoder.initialize(manager, type, shapes[1]);
        proj.initialize(manager, type, shapes[0].add(D));
        head.initialize(manager, type, shapes[0].add(D));
    }
}

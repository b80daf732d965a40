package dev.ligature;

import ai.djl.ndarray.NDArray;
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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A small encoder and decoder in the layout of T5, which uses some of its modules in some passes
 * only: {@code shared} is called by no pass, its readers are; a layer sends a batch to one of its
 * experts; training drops layers and computes a second head; evaluation may leave early.
 */
final class SparseModel extends AbstractBlock {
    static final int V = 7;
    static final int D = 4;
    static final int LAYERS = 3;
    static final int EXPERTS = 2;

    /** Which expert the layers send a batch to. */
    int expert;

    /** The layer that a training pass drops; none if negative. */
    int dropped = -1;

    /** The number of layers after which an evaluation leaves. */
    int exit = LAYERS;

    Block shared;
    Block encoder;
    Block decoder;
    final List<Layer> layers = new ArrayList<>();
    Block head;
    Block trainedHead;

    /** A layer of a projection and experts. */
    static final class Layer {
        Block q;
        final List<Block> experts = new ArrayList<>();
    }

    private SparseModel() {
        super((byte) 1);
        shared = addChildBlock("shared", new TokenEmbedding(V, D));
        encoder = addChildBlock("encoder", new TiedEmbedding(shared));
        decoder = addChildBlock("decoder", new TiedEmbedding(shared));
        for (int i = 0; i < LAYERS; i++) {
            Layer layer = new Layer();
            layer.q = addChildBlock("q", linear(D));
            for (int e = 0; e < EXPERTS; e++) {
                layer.experts.add(addChildBlock("expert", linear(D)));
            }
            layers.add(layer);
        }
        head = addChildBlock("head", new TiedLinear(shared));
        trainedHead = addChildBlock("trained_head", linear(V));
    }

    private static Block linear(int units) {
        return Linear.builder().setUnits(units).optBias(false).build();
    }

    static SparseModel create(NDManager manager) {
        SparseModel model = new SparseModel();
        int[] salt = {1};
        model.setInitializer(
                (m, shape, t) -> m.create(Numbers.fill(shape, salt[0]++), shape),
                Parameter.Type.WEIGHT);
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        return model;
    }

    static void visit(SparseModel model, ModuleWalker visitor) {
        model.shared = visitor.module("shared", Role.INPUT_EMBEDDING, model.shared);
        model.encoder = visitor.module("encoder.embed", Role.MODULE, model.encoder);
        model.decoder = visitor.module("decoder.embed", Role.MODULE, model.decoder);
        for (int i = 0; i < LAYERS; i++) {
            Layer layer = model.layers.get(i);
            String path = "decoder.layers." + i + ".";
            layer.q = visitor.module(path + "q", Role.MODULE, layer.q);
            for (int e = 0; e < EXPERTS; e++) {
                layer.experts.set(
                        e,
                        visitor.module(path + "experts." + e, Role.MODULE, layer.experts.get(e)));
            }
        }
        model.head = visitor.module("head", Role.OUTPUT_HEAD, model.head);
        model.trainedHead = visitor.module("trained_head", Role.MODULE, model.trainedHead);
        visitor.tie("encoder.embed", "shared");
        visitor.tie("decoder.embed", "shared");
        visitor.tie("head", "shared");
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = encoder.forward(store, inputs, training, params).head(); // (B, T, D)
        NDArray y = decoder.forward(store, inputs, training, params).head();
        NDList hidden = new NDList(x.add(y));
        for (int i = 0; i < (training ? LAYERS : exit); i++) {
            if (!training || i != dropped) {
                Layer layer = layers.get(i);
                hidden = layer.q.forward(store, hidden, training, params);
                hidden = layer.experts.get(expert).forward(store, hidden, training, params);
            }
        }
        NDArray logits = head.forward(store, hidden, training, params).head(); // (B, T, V)
        return training
                ? new NDList(logits.add(trainedHead.forward(store, hidden, true, params).head()))
                : new NDList(logits);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(V)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
        shared.initialize(manager, type, shapes);
        for (Layer layer : layers) {
            layer.q.initialize(manager, type, shapes[0].add(D));
            layer.experts.forEach(e -> e.initialize(manager, type, shapes[0].add(D)));
        }
        trainedHead.initialize(manager, type, shapes[0].add(D));
    }
}

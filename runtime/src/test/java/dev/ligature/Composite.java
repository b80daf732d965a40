package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.Role;
import dev.ligature.block.TiedLinear;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.internal.slot.SlotBlock;
import dev.ligature.internal.slot.SlotParameter;
import org.jspecify.annotations.Nullable;

/**
 * A model with a module that is a sequence of blocks: logits = out(embed(ids)), where out is linear
 * (4, 4), ReLU and a head (7, 4) that reads the embedding's weight or one of its own.
 */
public final class Composite extends AbstractBlock {
    public static final int V = 7;
    public static final int D = 4;

    public Block embed;
    public Block out;

    private Composite(boolean tied) {
        super((byte) 1);
        embed = addChildBlock("embed", new TokenEmbedding(V, D));
        Block head =
                tied ? new TiedLinear(embed) : Linear.builder().setUnits(V).optBias(false).build();
        out =
                addChildBlock(
                        "out",
                        new SequentialBlock()
                                .add(Linear.builder().setUnits(D).build())
                                .add(Activation.reluBlock())
                                .add(head));
    }

    public static Composite create(boolean tied, NDManager manager) {
        Composite model = new Composite(tied);
        int[] salt = {1};
        for (Parameter.Type kind : Parameter.Type.values()) {
            model.setInitializer(
                    (m, shape, t) -> m.create(Numbers.fill(shape, salt[0]++), shape), kind);
        }
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    public static void visit(Composite model, ModuleWalker visitor) {
        model.embed = visitor.module("embed", Role.INPUT_EMBEDDING, model.embed);
        model.out = visitor.module("out", Role.MODULE, model.out);
    }

    /** Computes what the model does on plain numbers. */
    public static double[][] logits(
            double[][] table, double[][] w, double[] bias, double[][] head) {
        double[][] hidden = Numbers.linear(Numbers.rows(table, ToyTest.IDS), w, bias);
        for (double[] row : hidden) {
            for (int i = 0; i < row.length; i++) {
                row[i] = Math.max(0, row[i]);
            }
        }
        return Numbers.linear(hidden, head, new double[0]);
    }

    /** Returns a parameter of the sequence, by its name in files. */
    public static NDArray inner(LoraModel lora, String name) {
        Block base = ((SlotBlock) ((Composite) lora.base()).out).base();
        return SlotParameter.of(base).stream()
                .filter(read -> read.name().equals(name))
                .findFirst()
                .orElseThrow()
                .parameter()
                .getArray();
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList hidden = embed.forward(store, inputs, training, params); // (B, T, D)
        return out.forward(store, hidden, training, params); // (B, T, V)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(V)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
        embed.initialize(manager, type, shapes);
        out.initialize(manager, type, shapes[0].add(D));
    }
}

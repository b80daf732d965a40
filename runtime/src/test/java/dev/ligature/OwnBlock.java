package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.plan.ModuleKind;
import org.jspecify.annotations.Nullable;

/** A linear layer or an embedding of a user's, that stores its weight either way. */
public final class OwnBlock extends AbstractBlock implements AdaptableBlock {
    private final ModuleKind kind;
    private final boolean transposed;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final long size;

    private OwnBlock(
            ModuleKind kind,
            boolean transposed,
            long size,
            @Nullable Shape table,
            @Nullable Parameter shared,
            boolean bias) {
        super((byte) 1);
        this.kind = kind;
        this.transposed = transposed;
        this.size = size;
        this.weight = shared == null ? addParameter(weight(table)) : shared;
        this.bias =
                bias
                        ? addParameter(
                                Parameter.builder()
                                        .setName("b")
                                        .setType(Parameter.Type.BIAS)
                                        .optShape(new Shape(size))
                                        .build())
                        : null;
    }

    private static Parameter weight(@Nullable Shape shape) {
        Parameter.Builder builder = Parameter.builder().setName("w").setType(Parameter.Type.WEIGHT);
        return (shape == null ? builder : builder.optShape(shape)).build();
    }

    public static OwnBlock linear(long units, boolean bias, boolean transposed) {
        return new OwnBlock(ModuleKind.LINEAR, transposed, units, null, null, bias);
    }

    public static OwnBlock embedding(long rows, long columns, boolean transposed) {
        Shape table = transposed ? new Shape(columns, rows) : new Shape(rows, columns);
        return new OwnBlock(ModuleKind.EMBEDDING, transposed, columns, table, null, false);
    }

    /** Returns a linear layer that reads the weight of another block. */
    public static OwnBlock reader(Parameter shared, boolean transposed) {
        long units = shared.getShape().get(transposed ? 1 : 0);
        return new OwnBlock(ModuleKind.LINEAR, transposed, units, null, shared, false);
    }

    /** Returns a block that says that it is of a kind. */
    public static OwnBlock of(ModuleKind kind, Shape weight) {
        return new OwnBlock(kind, false, weight.get(0), weight, null, false);
    }

    @Override
    public ModuleKind moduleKind() {
        return kind;
    }

    @Override
    public Parameter weight() {
        return weight;
    }

    @Override
    public boolean isWeightTransposed() {
        return transposed;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow();
        NDArray w = store.getValue(weight, x.getDevice(), training);
        if (kind == ModuleKind.EMBEDDING) {
            return Embedding.embedding(x, transposed ? w.transpose() : w, SparseFormat.DENSE);
        }
        NDArray y = x.matMul(transposed ? w : w.transpose()); // (…, in) x (in, out) -> (…, out)
        return new NDList(bias == null ? y : y.add(store.getValue(bias, x.getDevice(), training)));
    }

    @Override
    protected void prepare(Shape[] inputShapes) {
        if (kind == ModuleKind.LINEAR && !weight.isInitialized() && weight.getShape() == null) {
            long in = inputShapes[0].get(inputShapes[0].dimension() - 1);
            weight.setShape(transposed ? new Shape(in, size) : new Shape(size, in));
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = inputShapes[0];
        boolean ids = kind == ModuleKind.EMBEDDING;
        return new Shape[] {(ids ? x : x.slice(0, x.dimension() - 1)).add(size)};
    }
}

package dev.ligature.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.plan.ModuleKind;
import org.jspecify.annotations.Nullable;

/**
 * Looks token ids up in the table of another block, such as a decoder's embedding in the encoder's.
 * As with {@link TokenEmbedding}, any number of threads may call it.
 *
 * <ul>
 *   <li>input: ids of shape {@code (…)}, int32 or int64
 *   <li>output: {@code (…, d)}, in the weight's data type
 *   <li>shared weight: {@code (V, d)}
 * </ul>
 */
public final class TiedEmbedding extends AbstractBlock implements TiedBlock {
    private static final byte VERSION = 1;

    private Parameter weight;
    private boolean untied;

    /**
     * Creates an embedding.
     *
     * @param source the block that owns the weight: a {@link TokenEmbedding}, or another block with
     *     one weight
     * @throws IllegalArgumentException if it has no such weight
     */
    public TiedEmbedding(Block source) {
        super(VERSION);
        this.weight = BlockParameters.weightToShare(source);
    }

    @Override
    public void untie() {
        weight = addParameter(BlockParameters.copyFor(this));
        untied = true;
    }

    @Override
    public boolean isUntied() {
        return untied;
    }

    @Override
    public ModuleKind moduleKind() {
        return ModuleKind.EMBEDDING;
    }

    @Override
    public Parameter weight() {
        return weight;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow(); // (…)
        NDArray table = parameterStore.getValue(weight, ids.getDevice(), training); // (V, d)
        return Embedding.embedding(ids, table, SparseFormat.DENSE); // (…, d)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(weight.getShape().get(1))};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        // The table is the owner's; there are no children.
    }

    @Override
    public boolean isInitialized() {
        return weight.isInitialized();
    }
}

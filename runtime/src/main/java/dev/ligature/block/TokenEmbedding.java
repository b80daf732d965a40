package dev.ligature.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.plan.ModuleKind;
import org.jspecify.annotations.Nullable;

/**
 * Looks token ids up in a table.
 *
 * <p>Unlike DJL's {@code IdEmbedding} it may be called from any number of threads: it attaches
 * nothing to a scope of its own.
 *
 * <ul>
 *   <li>input: ids of shape {@code (…)}, int32 or int64
 *   <li>output: {@code (…, embeddingSize)}, in the weight's data type
 *   <li>weight: {@code (vocabularySize, embeddingSize)}
 * </ul>
 */
public final class TokenEmbedding extends AbstractBlock implements AdaptableBlock {
    private static final byte VERSION = 1;

    private final long embeddingSize;
    private final Parameter weight;

    /**
     * Creates an embedding.
     *
     * @param vocabularySize the number of rows of the table
     * @param embeddingSize the length of a row
     */
    @SuppressWarnings("this-escape") // addParameter is how DJL blocks are built
    public TokenEmbedding(long vocabularySize, long embeddingSize) {
        super(VERSION);
        this.embeddingSize = embeddingSize;
        this.weight =
                addParameter(
                        Parameter.builder()
                                .setName("weight")
                                .setType(Parameter.Type.WEIGHT)
                                .optShape(new Shape(vocabularySize, embeddingSize))
                                .build());
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
        return new Shape[] {inputShapes[0].add(embeddingSize)};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        // The table's shape is given; there are no children.
    }
}

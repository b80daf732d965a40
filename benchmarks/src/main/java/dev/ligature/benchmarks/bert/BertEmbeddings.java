package dev.ligature.benchmarks.bert;

import ai.djl.ndarray.NDArray;
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
import org.jspecify.annotations.Nullable;

/**
 * The sum of what a token, its position and its type are looked up as, normed; all tokens are of
 * type 0.
 *
 * <ul>
 *   <li>input: ids {@code (B, T)}, int64
 *   <li>output: {@code (B, T, d)}
 * </ul>
 */
public final class BertEmbeddings extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget(value = "word_embeddings", role = Role.INPUT_EMBEDDING)
    Block wordEmbeddings;

    @LoraTarget("position_embeddings")
    Block positionEmbeddings;

    @LoraTarget("token_type_embeddings")
    Block tokenTypeEmbeddings;

    @LoraTarget("LayerNorm")
    Block norm;

    private final long hiddenSize;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    BertEmbeddings(BertConfig config) {
        super(VERSION);
        hiddenSize = config.hiddenSize();
        wordEmbeddings = addChildBlock("word", table(config.vocabularySize()));
        positionEmbeddings = addChildBlock("position", table(config.maxPositions()));
        tokenTypeEmbeddings = addChildBlock("token_type", table(config.tokenTypes()));
        norm = addChildBlock("norm", BertLayer.norm(config));
    }

    private TokenEmbedding table(long rows) {
        return new TokenEmbedding(rows, hiddenSize);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow(); // (B, T)
        Shape shape = ids.getShape();
        NDManager manager = ids.getManager();
        // One row of positions for every row of ids, so that axis 0 is the batch in each table.
        NDArray positions =
                manager.arange(0, (int) shape.get(1), 1, DataType.INT64)
                        .reshape(1, shape.get(1))
                        .broadcast(shape); // (B, T)
        NDArray types = manager.zeros(shape, DataType.INT64); // (B, T)
        NDArray word = lookUp(wordEmbeddings, ids, parameterStore, training); // (B, T, d)
        NDArray type = lookUp(tokenTypeEmbeddings, types, parameterStore, training); // (B, T, d)
        NDArray position = lookUp(positionEmbeddings, positions, parameterStore, training);
        NDArray sum = BertLayer.plus(BertLayer.plus(word, type, training), position, training);
        return norm.forward(parameterStore, new NDList(sum), training, params); // (B, T, d)
    }

    private static NDArray lookUp(
            Block table, NDArray ids, ParameterStore parameterStore, boolean training) {
        return table.forward(parameterStore, new NDList(ids), training).singletonOrThrow();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(hiddenSize)};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0]; // (B, T)
        wordEmbeddings.initialize(manager, dataType, ids);
        positionEmbeddings.initialize(manager, dataType, ids);
        tokenTypeEmbeddings.initialize(manager, dataType, ids);
        norm.initialize(manager, dataType, ids.add(hiddenSize));
    }
}

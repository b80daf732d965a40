package dev.ligature.models.bert;

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
import dev.ligature.models.block.Residual;
import org.jspecify.annotations.Nullable;

/**
 * The sum of what a token, its type and its position are looked up as, normed.
 *
 * <ul>
 *   <li>inputs: ids, token types and positions, {@code (B, T)} each
 *   <li>output: {@code (B, T, d)}, which belongs to the manager of the positions
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
        wordEmbeddings = addChildBlock("word", table(config.vocabSize()));
        positionEmbeddings = addChildBlock("position", table(config.maxPositionEmbeddings()));
        tokenTypeEmbeddings = addChildBlock("token_type", table(config.typeVocabSize()));
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
        NDArray position = lookUp(positionEmbeddings, inputs.get(2), parameterStore, training);
        NDArray word = lookUp(wordEmbeddings, inputs.get(0), parameterStore, training);
        NDArray type = lookUp(tokenTypeEmbeddings, inputs.get(1), parameterStore, training);
        // What is looked up belongs to the ids' owner; that of the positions is the model's own.
        new NDList(word, type).attach(position.getManager());
        NDArray sum = Residual.plus(Residual.plus(word, type, training), position, training);
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

package dev.ligature.models.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.TiedLinear;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.DecoderInputs;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.block.Linears;
import dev.ligature.models.block.SoftCap;
import dev.ligature.ops.HeadedModel;
import dev.ligature.ops.LayeredModel;
import dev.ligature.ops.OperatorLookup;
import org.jspecify.annotations.Nullable;

/**
 * A decoder with a language-modelling head. Both are declared by the classes that extend this one.
 *
 * <p>Inputs are those of {@link DecoderInputs}; outputs are logits {@code (B, T, V)}, and the cache
 * with the new tokens in it if one was given.
 */
public abstract class CausalModel extends AbstractBlock implements HeadedModel, LayeredModel {
    private static final byte VERSION = 1;

    private final long hiddenSize;
    private final long vocabulary;
    private final float cap;

    /**
     * Creates a model without parts.
     *
     * @param hiddenSize the size d of a token's hidden state
     * @param vocabulary the number V of tokens
     * @param cap c of logits that become {@code c · tanh(logit / c)}; 0 if they stay
     */
    protected CausalModel(long hiddenSize, long vocabulary, double cap) {
        super(VERSION);
        this.hiddenSize = hiddenSize;
        this.vocabulary = vocabulary;
        this.cap = (float) cap;
    }

    /** Returns the decoder below the head. */
    protected abstract DecoderStack decoder();

    /** Returns the head. */
    protected abstract Block head();

    @Override
    public final long vocabularySize() {
        return vocabulary;
    }

    /**
     * Returns a new head without bias.
     *
     * @param embedding the embedding
     * @param tied whether the head reads its weight
     */
    protected final Block newHead(Block embedding, boolean tied) {
        return tied ? new TiedLinear(embedding) : Linears.of(vocabulary, false);
    }

    @Override
    protected final NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        Call call = new Call(parameterStore, training, params);
        NDList outputs = call.of(decoder(), inputs);
        try (NDArray hidden = outputs.get(0)) {
            outputs.set(
                    0,
                    OperatorLookup.head(
                            parameterStore,
                            hidden,
                            x -> SoftCap.of(call.of(head(), x), cap))); // (…, d) -> (…, V)
        }
        return outputs;
    }

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, vocabulary);
    }

    @Override
    public final void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        decoder().initialize(manager, dataType, inputShapes);
        head().initialize(manager, dataType, inputShapes[0].add(hiddenSize)); // (B, T, d)
    }
}

package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.block.TiedLinear;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.Linears;
import dev.ligature.models.encoder.EncoderInputs;
import dev.ligature.ops.HeadedModel;
import dev.ligature.ops.OperatorLookup;
import org.jspecify.annotations.Nullable;

/**
 * ModernBERT with a head that predicts masked tokens, as Transformers' {@code
 * ModernBertForMaskedLM} computes it. The decoder of the head reads the weight of the embedding,
 * and may have a bias of its own.
 *
 * <p>Inputs are those of {@link EncoderInputs} without token types; the output is logits {@code (B,
 * T, V)}, which belong to the manager of the token ids.
 */
public final class ModernBertForMaskedLM extends AbstractBlock implements HeadedModel {
    private static final byte VERSION = 1;

    @LoraChild("model")
    final ModernBertModel model;

    @LoraChild("head")
    final ModernBertHead head;

    @LoraTarget(value = "decoder", role = Role.OUTPUT_HEAD)
    @Tied(value = "tok_embeddings", when = "tieWordEmbeddings")
    Block decoder;

    final boolean tieWordEmbeddings;

    private final ModernBertConfig config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public ModernBertForMaskedLM(ModernBertConfig config) {
        super(VERSION);
        this.config = config;
        tieWordEmbeddings = config.tieWordEmbeddings();
        model = addChildBlock("model", new ModernBertModel(config));
        head = addChildBlock("head", new ModernBertHead(config));
        boolean bias = config.decoderBias();
        decoder =
                addChildBlock(
                        "decoder",
                        tieWordEmbeddings
                                ? new TiedLinear(model.tokenEmbeddings, bias)
                                : Linears.of(config.vocabSize(), bias));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList hidden = model.forward(parameterStore, inputs, training, params); // (B, T, d)
        NDManager caller = hidden.singletonOrThrow().getManager();
        try (NDManager scope = caller.newSubManager()) {
            hidden.attach(scope);
            Call call = new Call(parameterStore, training, params);
            NDArray logits =
                    OperatorLookup.head(
                            parameterStore, hidden.head(), x -> call.of(decoder, call.of(head, x)));
            logits.attach(caller); // (B, T, V)
            return new NDList(logits);
        }
    }

    @Override
    public long vocabularySize() {
        return config.vocabSize();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(config.vocabSize())};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = inputShapes[0].add(config.hiddenSize()); // (B, T, d)
        model.initialize(manager, dataType, inputShapes);
        head.initialize(manager, dataType, hidden);
        decoder.initialize(manager, dataType, hidden);
    }
}

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
 * BERT with a head that predicts masked tokens, as Transformers' {@code BertForMaskedLM} computes
 * it. The decoder of the head reads the weight of the word embedding, and has a bias of its own,
 * which files call {@code cls.predictions.bias} or {@code cls.predictions.decoder.bias}.
 *
 * <p>Inputs are those of {@link EncoderInputs}; the output is logits {@code (B, T, V)}, which
 * belong to the manager of the token ids.
 */
public final class BertForMaskedLM extends AbstractBlock implements HeadedModel {
    private static final byte VERSION = 1;

    @LoraChild("bert")
    final BertModel bert;

    @LoraTarget("cls.predictions.transform.dense")
    Block transform;

    @LoraTarget("cls.predictions.transform.LayerNorm")
    Block norm;

    @LoraTarget(value = "cls.predictions.decoder", role = Role.OUTPUT_HEAD)
    @Tied(value = "word_embeddings", when = "tieWordEmbeddings")
    Block decoder;

    final boolean tieWordEmbeddings;

    private final BertConfig config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public BertForMaskedLM(BertConfig config) {
        super(VERSION);
        this.config = config;
        tieWordEmbeddings = config.tieWordEmbeddings();
        bert = addChildBlock("bert", new BertModel(config, false));
        transform = addChildBlock("transform", Linears.of(config.hiddenSize(), true));
        norm = addChildBlock("norm", BertLayer.norm(config));
        decoder =
                addChildBlock(
                        "decoder",
                        tieWordEmbeddings
                                ? new TiedLinear(bert.embeddings.wordEmbeddings, true)
                                : Linears.of(config.vocabSize(), true));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList hidden = bert.forward(parameterStore, inputs, training, params); // (B, T, d)
        NDManager caller = hidden.get(0).getManager();
        try (NDManager scope = caller.newSubManager()) {
            hidden.attach(scope);
            Call call = new Call(parameterStore, training, params);
            NDArray logits = OperatorLookup.head(parameterStore, hidden.head(), x -> head(x, call));
            logits.attach(caller); // (B, T, V)
            return new NDList(logits);
        }
    }

    private NDArray head(NDArray hidden, Call call) {
        NDArray dense = call.of(transform, hidden); // (…, d)
        NDArray normed = call.of(norm, config.hiddenAct().of(dense, call.training()));
        return call.of(decoder, normed); // (…, V)
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
        bert.initialize(manager, dataType, inputShapes);
        transform.initialize(manager, dataType, hidden);
        norm.initialize(manager, dataType, hidden);
        decoder.initialize(manager, dataType, hidden);
    }
}

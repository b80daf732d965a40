package dev.ligature.models.t5;

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
import dev.ligature.block.TokenEmbedding;
import dev.ligature.models.block.Call;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.ops.HeadedModel;
import dev.ligature.ops.OperatorLookup;
import org.jspecify.annotations.Nullable;

/**
 * T5 with a language-modelling head, as Transformers' {@code T5ForConditionalGeneration} computes
 * it. Four modules read one weight: {@code shared}, which is never called itself, the embeddings of
 * encoder and decoder, and the head.
 *
 * <p>Inputs, in one of three forms:
 *
 * <ol>
 *   <li>token ids {@code (B, S)} and a mask {@code (B, S)}, 0 at padding and 1 else: the output is
 *       the encoder's, {@code (B, S, d)}
 *   <li>these two and the decoder's token ids {@code (B, T)}: the output is logits {@code (B, T,
 *       V)}
 *   <li>the encoder's output {@code (B, S, d)}, the mask, the decoder's ids, and for each layer of
 *       the decoder keys and values of P earlier tokens, {@code (B, H, P, D)} each, and of the
 *       encoder's tokens, {@code (B, H, S, D)} each, all four with 0 tokens to begin with: the
 *       outputs are logits and the four arrays of each layer with the new tokens in
 * </ol>
 *
 * <p>The outputs belong to the manager of the first input.
 */
@Tied(module = "encoder.embed_tokens", value = "shared")
@Tied(module = "decoder.embed_tokens", value = "shared")
public final class T5ForConditionalGeneration extends AbstractBlock implements HeadedModel {
    private static final byte VERSION = 1;
    private static final int WITH_DECODER = 3;

    @LoraTarget(value = "shared", role = Role.INPUT_EMBEDDING)
    Block shared;

    @LoraChild("encoder")
    final T5Encoder encoder;

    @LoraChild("decoder")
    final T5Decoder decoder;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied("shared")
    Block head;

    private final T5Config config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public T5ForConditionalGeneration(T5Config config) {
        super(VERSION);
        this.config = config;
        shared =
                addChildBlock("shared", new TokenEmbedding(config.vocabSize(), config.modelSize()));
        encoder = addChildBlock("encoder", new T5Encoder(config, shared));
        decoder = addChildBlock("decoder", new T5Decoder(config, shared));
        head = addChildBlock("lm_head", new TiedLinear(shared));
    }

    /** Returns the model's configuration. */
    public T5Config config() {
        return config;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        check(inputs);
        boolean encoded = inputs.size() > WITH_DECODER;
        if (inputs.size() < WITH_DECODER) {
            return encoder.forward(parameterStore, inputs, training, params);
        }
        NDManager caller = inputs.head().getManager();
        try (NDManager scope = caller.newSubManager()) {
            NDArray states = inputs.head(); // (B, S, d)
            if (!encoded) {
                NDList read = new NDList(inputs.get(0), inputs.get(1));
                states = encoder.forward(parameterStore, read, training, params).singletonOrThrow();
                states.attach(scope);
            }
            NDList decoderInputs = new NDList(inputs.get(2), states, inputs.get(1));
            decoderInputs.addAll(inputs.subNDList(WITH_DECODER));
            NDList outputs = decoder.forward(parameterStore, decoderInputs, training, params);
            NDArray hidden = outputs.head(); // (B, T, d)
            hidden.attach(scope);
            if (config.scalesOutput()) {
                // A scalar array: autograd would use a Java number after Java has freed it.
                float factor = (float) (1 / Math.sqrt(config.modelSize()));
                hidden = hidden.mul(scope.full(new Shape(), factor, hidden.getDataType()));
            }
            Call call = new Call(parameterStore, training, params);
            outputs.set(
                    0,
                    OperatorLookup.head(
                            parameterStore, hidden, x -> call.of(head, x))); // (…, d) -> (…, V)
            outputs.attach(caller);
            return outputs;
        }
    }

    @Override
    public long vocabularySize() {
        return config.vocabSize();
    }

    private void check(NDList inputs) {
        int cached = T5Decoder.PER_LAYER * config.numDecoderLayers();
        int size = inputs.size();
        if (size < 2 || (size > WITH_DECODER && size != WITH_DECODER + cached)) {
            throw ModelMessage.SEQ2SEQ_COUNT.error(size, cached);
        }
        boolean encoded = size > WITH_DECODER;
        Shape first = inputs.get(0).getShape();
        if (first.dimension() != (encoded ? 3 : 2)) {
            throw ModelMessage.SEQ2SEQ_SHAPE.error(
                    encoded ? "an encoder's output" : "token ids",
                    first,
                    encoded ? "(batch, tokens, " + config.modelSize() + ")" : "(batch, tokens)");
        }
        Shape mask = inputs.get(1).getShape();
        if (!mask.equals(first.slice(0, 2))) {
            throw ModelMessage.SEQ2SEQ_SHAPE.error("a mask", mask, first.slice(0, 2));
        }
        if (size >= WITH_DECODER) {
            Shape ids = inputs.get(2).getShape();
            if (ids.dimension() != 2 || ids.get(0) != first.get(0)) {
                throw ModelMessage.SEQ2SEQ_SHAPE.error(
                        "decoder ids", ids, "(" + first.get(0) + ", tokens)");
            }
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        if (inputShapes.length < WITH_DECODER) {
            return encoder.getOutputShapes(inputShapes);
        }
        Shape[] outputs = new Shape[1 + inputShapes.length - WITH_DECODER];
        Shape[] decoderShapes = inputShapes.clone();
        decoderShapes[0] = inputShapes[2];
        decoderShapes[1] = inputShapes[0];
        decoderShapes[2] = inputShapes[1];
        System.arraycopy(decoder.getOutputShapes(decoderShapes), 0, outputs, 0, outputs.length);
        outputs[0] = inputShapes[2].add(config.vocabSize());
        return outputs;
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0]; // (B, S)
        shared.initialize(manager, dataType, ids);
        encoder.initialize(manager, dataType, ids);
        decoder.initialize(manager, dataType, ids);
        head.initialize(manager, dataType, ids.add(config.modelSize()));
    }
}

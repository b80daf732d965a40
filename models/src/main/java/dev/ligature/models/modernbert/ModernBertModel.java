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
import dev.ligature.block.TokenEmbedding;
import dev.ligature.models.block.DecoderInputs;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Rope;
import dev.ligature.models.block.RotaryTables;
import dev.ligature.models.encoder.EncoderInputs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * ModernBERT without a head, as Transformers' {@code ModernBertModel} computes it: an embedding
 * model (Warner et al., "Smarter, Better, Faster, Longer", 2024).
 *
 * <p>The inputs are those of {@link EncoderInputs} without token types. Attention depends on how
 * far tokens are from each other, so that a row gives the same wherever its padding is.
 *
 * <p>The output is the last hidden state {@code (B, T, d)}, which belongs to the manager of the
 * token ids.
 */
public final class ModernBertModel extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget(value = "embeddings.tok_embeddings", role = Role.INPUT_EMBEDDING)
    Block tokenEmbeddings;

    @LoraTarget("embeddings.norm")
    Block embeddingNorm;

    @LoraChild("layers")
    final List<ModernBertLayer> layers;

    @LoraTarget("final_norm")
    Block finalNorm;

    private final ModernBertConfig config;
    private final Map<Rope, float[]> frequencies = new HashMap<>();

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public ModernBertModel(ModernBertConfig config) {
        super(VERSION);
        this.config = config;
        tokenEmbeddings =
                addChildBlock(
                        "token_embeddings",
                        new TokenEmbedding(config.vocabSize(), config.hiddenSize()));
        embeddingNorm = addChildBlock("embedding_norm", config.norm());
        List<ModernBertLayer> built = new ArrayList<>();
        for (LayerKind kind : config.layers()) {
            int index = built.size();
            ModernBertLayer layer = new ModernBertLayer(config, kind, index == 0);
            built.add(addChildBlock("layer_" + index, layer));
            frequencies.computeIfAbsent(
                    kind.rope(), rope -> rope.signedFrequencies(config.heads().size()));
        }
        layers = List.copyOf(built);
        finalNorm = addChildBlock("final_norm", config.norm());
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        EncoderInputs in = EncoderInputs.untyped(inputs, config.maxPositionEmbeddings());
        NDManager caller = in.ids().getManager();
        try (NDManager scope = caller.newSubManager()) {
            NDList embedded =
                    tokenEmbeddings.forward(parameterStore, new NDList(in.ids()), training, params);
            embedded.attach(scope);
            NDArray x =
                    embeddingNorm
                            .forward(parameterStore, embedded, training, params)
                            .singletonOrThrow(); // (B, T) -> (B, T, d)
            Map<LayerKind, NDList> shared = shared(scope, in, x.getDataType());
            for (int i = 0; i < layers.size(); i++) {
                NDList ofKind = Objects.requireNonNull(shared.get(config.layers().get(i)));
                // What a layer computes on the way is freed behind it: memory that is used again
                // is faster than memory that is new.
                try (NDManager layerScope = scope.newSubManager()) {
                    x.attach(layerScope);
                    NDList layerInputs = new NDList(x).addAll(ofKind);
                    x =
                            layers.get(i)
                                    .forward(parameterStore, layerInputs, training, params)
                                    .singletonOrThrow(); // (B, T, d)
                    x.attach(scope);
                }
            }
            NDList outputs = finalNorm.forward(parameterStore, new NDList(x), training, params);
            outputs.attach(caller);
            return outputs;
        }
    }

    /** Returns what the layers of each kind share: the mask and the rotary tables. */
    private Map<LayerKind, NDList> shared(NDManager scope, EncoderInputs in, DataType dataType) {
        long tokens = in.ids().getShape().get(1);
        NDArray positions = DecoderInputs.range(scope, 0, tokens).reshape(1, tokens); // (1, T)
        NDArray mask = in.attentionMask(scope); // (B, T), or null
        float scale = (float) (1 / Math.sqrt(config.heads().size()));
        Map<LayerKind, NDList> shared = new HashMap<>();
        for (LayerKind kind : config.layers()) {
            if (!shared.containsKey(kind)) {
                float[] signed = Objects.requireNonNull(frequencies.get(kind.rope()));
                RotaryTables at = RotaryTables.at(positions, signed, scale, dataType);
                NDArray added = WindowMask.of(scope, tokens, mask, kind.window());
                shared.put(
                        kind,
                        new NDList(added, at.queryCos(), at.querySin(), at.keyCos(), at.keySin()));
            }
        }
        return shared;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(config.hiddenSize())};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0]; // (B, T)
        Shape hidden = ids.add(config.hiddenSize());
        tokenEmbeddings.initialize(manager, dataType, ids);
        embeddingNorm.initialize(manager, dataType, hidden);
        for (ModernBertLayer layer : layers) {
            layer.initialize(manager, dataType, hidden);
        }
        finalNorm.initialize(manager, dataType, hidden);
    }
}

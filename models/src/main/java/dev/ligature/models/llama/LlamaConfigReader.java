package dev.ligature.models.llama;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.RopeFields;
import dev.ligature.models.decoder.DecoderFields;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads a {@link LlamaConfig} from a checkpoint directory, with the defaults of Transformers 5, and
 * refuses what would change the numbers and is not implemented.
 */
final class LlamaConfigReader {
    /** The first layer with a window, unless the configuration says otherwise. */
    private static final int DEFAULT_WINDOW_LAYERS = 28;

    private static final int DEFAULT_WINDOW = 4096;
    private static final int QWEN3_HEAD_DIM = 128;

    private final LlamaVariant family;
    private final DecoderFields decoder;
    private final ConfigFields fields;

    private LlamaConfigReader(LlamaVariant family, DecoderFields decoder) {
        this.family = family;
        this.decoder = decoder;
        this.fields = decoder.fields();
    }

    static LlamaConfig read(Path directory) throws IOException {
        return config(ConfigFields.ofModel(directory), DecoderFields.stops(directory));
    }

    static LlamaConfig readFile(Path file) throws IOException {
        return config(ConfigFields.read(file), new LinkedHashSet<>());
    }

    private static LlamaConfig config(ConfigFields fields, Set<Integer> stops)
            throws CheckpointException {
        LlamaVariant family = family(fields.of("LlamaForCausalLM"));
        return DecoderFields.of(
                fields,
                stops,
                family.architecture(),
                decoder -> new LlamaConfigReader(family, decoder).config());
    }

    private static LlamaVariant family(ConfigFields fields) throws CheckpointException {
        String type = fields.string("model_type").orElse("");
        return LlamaVariant.of(type)
                .orElseThrow(() -> fields.unsupported("model_type", LlamaVariant.types()));
    }

    private LlamaConfig config() throws CheckpointException {
        refuse();
        boolean smol = family == LlamaVariant.SMOLLM3;
        LlamaConfigBuilder builder =
                LlamaConfig.builder()
                        .optFamily(family)
                        .setVocabSize(fields.required("vocab_size"))
                        .setHiddenSize(fields.required("hidden_size"))
                        .setIntermediateSize(fields.required("intermediate_size"))
                        .setNumHiddenLayers(fields.required("num_hidden_layers"))
                        .setNumAttentionHeads(fields.required("num_attention_heads"))
                        .optNumKeyValueHeads(decoder.keyValueHeads(family.defaultKeyValueHeads()))
                        .optRmsNormEps(fields.number("rms_norm_eps", 1e-6))
                        .optRope(new RopeFields(fields, false).read(smol ? 2_000_000 : 10_000))
                        .optTieWordEmbeddings(fields.bool("tie_word_embeddings", smol))
                        .optInitializerRange(fields.number("initializer_range", 0.02))
                        .optDataType(decoder.dataType())
                        .optTokens(tokens());
        fields.integer("head_dim").ifPresent(builder::optHeadDim);
        if (family == LlamaVariant.QWEN3 && !fields.names("head_dim")) {
            builder.optHeadDim(QWEN3_HEAD_DIM);
        }
        fields.integer("max_position_embeddings").ifPresent(builder::optMaxPositionEmbeddings);
        if (family.readsAttentionBias()) {
            builder.optAttentionBias(fields.bool("attention_bias", false));
        }
        if (family.readsMlpBias()) {
            builder.optMlpBias(fields.bool("mlp_bias", false));
        }
        if (family == LlamaVariant.MISTRAL) {
            builder.optSlidingWindow(decoder.window(DEFAULT_WINDOW));
        }
        if (smol) {
            builder.optRopeless(ropeless());
        }
        return builder.build();
    }

    /** Refuses what the model does not compute, whatever it is set to. */
    private void refuse() throws CheckpointException {
        fields.only("hidden_act", "silu");
        // Transformers computes the same whatever pretraining_tp is, and drops in training alone.
        fields.noteDropout("attention_dropout");
        fields.only("partial_rotary_factor", BigDecimal.ONE);
        if (family == LlamaVariant.QWEN2 || family == LlamaVariant.QWEN3) {
            refuseWindows(hasSlidingLayers());
        } else if (family == LlamaVariant.SMOLLM3) {
            refuseWindows(fields.integer("sliding_window").isPresent());
        } else if (family == LlamaVariant.MISTRAL && fields.value("layer_types").isPresent()) {
            boolean windows = decoder.window(DEFAULT_WINDOW) > 0;
            String kind = windows ? "sliding_attention" : "full_attention";
            if (!fields
                    .strings("layer_types", List.of("sliding_attention", "full_attention"))
                    .stream()
                    .allMatch(kind::equals)) {
                throw fields.unsupported("layer_types", kind + " in every layer");
            }
        }
    }

    private void refuseWindows(boolean sliding) throws CheckpointException {
        if (fields.value("layer_types").isEmpty()) {
            if (sliding) {
                fields.only("use_sliding_window", false);
            }
        } else if (!(fields.value("layer_types").get() instanceof List<?> list
                && list.stream().allMatch("full_attention"::equals))) {
            throw fields.unsupported("layer_types", "full_attention in every layer");
        }
    }

    /** Returns whether Transformers would give a layer a window where layers are not listed. */
    private boolean hasSlidingLayers() throws CheckpointException {
        boolean none = fields.names("sliding_window") && fields.value("sliding_window").isEmpty();
        int first = decoder.integer("max_window_layers", DEFAULT_WINDOW_LAYERS);
        return !none && first < fields.required("num_hidden_layers");
    }

    /** Returns the layers without positions: those with a 0, or every fourth one. */
    private List<Integer> ropeless() throws CheckpointException {
        int layers = fields.required("num_hidden_layers");
        int interval = decoder.integer("no_rope_layer_interval", 4);
        List<Integer> flags = fields.integers("no_rope_layers");
        if (fields.value("no_rope_layers").isPresent() && flags.size() < layers) {
            throw fields.unsupported("no_rope_layers", "one number for each layer");
        }
        if (interval < 1) {
            throw fields.unsupported("no_rope_layer_interval", "1 or more");
        }
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            if (flags.isEmpty() ? (i + 1) % interval == 0 : flags.get(i) == 0) {
                found.add(i);
            }
        }
        return found;
    }

    /** Returns the special tokens, with those that Transformers takes for the model type. */
    private SpecialTokens tokens() throws CheckpointException {
        return switch (family) {
            case LLAMA, MISTRAL -> decoder.tokens(1, 2, null);
            case QWEN2, QWEN3 -> decoder.tokens(null, null, null);
            case SMOLLM3 -> decoder.tokens(128000, 128001, 128004);
        };
    }
}

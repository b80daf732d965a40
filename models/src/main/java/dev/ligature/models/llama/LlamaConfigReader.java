package dev.ligature.models.llama;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.RopeFields;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a {@link LlamaConfig} from a checkpoint directory, with the defaults of Transformers 5, and
 * refuses what would change the numbers and is not implemented.
 */
final class LlamaConfigReader {
    private static final String GENERATION_CONFIG = "generation_config.json";

    /** The first layer with a window, unless the configuration says otherwise. */
    private static final int DEFAULT_WINDOW_LAYERS = 28;

    private static final Logger LOG = LoggerFactory.getLogger(LlamaConfigReader.class);

    private final ConfigFields fields;

    private LlamaConfigReader(ConfigFields fields) {
        this.fields = fields.of("LlamaForCausalLM");
    }

    static LlamaConfig read(Path directory) throws IOException {
        ConfigFields fields = ConfigFields.ofModel(directory);
        Set<Integer> stops = new LinkedHashSet<>();
        Path generation = directory.resolve(GENERATION_CONFIG);
        if (Files.isRegularFile(generation)) {
            stops.addAll(ConfigFields.read(generation).integers("eos_token_id"));
        }
        return config(fields, stops);
    }

    static LlamaConfig readFile(Path file) throws IOException {
        return config(ConfigFields.read(file), new LinkedHashSet<>());
    }

    private static LlamaConfig config(ConfigFields fields, Set<Integer> stops)
            throws CheckpointException {
        try {
            return new LlamaConfigReader(fields).config(stops);
        } catch (LoraException e) {
            String problem = String.valueOf(e.getMessage()).replace("[" + e.code() + "] ", "");
            throw ModelMessage.FIELD_VALUE_IN_FILE.fileErrorFrom(e, fields.origin(), problem);
        }
    }

    private LlamaConfig config(Set<Integer> stops) throws CheckpointException {
        LlamaVariant family = family();
        refuse(family);
        LlamaConfigBuilder builder =
                LlamaConfig.builder()
                        .optFamily(family)
                        .setVocabSize(fields.required("vocab_size"))
                        .setHiddenSize(fields.required("hidden_size"))
                        .setIntermediateSize(fields.required("intermediate_size"))
                        .setNumHiddenLayers(fields.required("num_hidden_layers"))
                        .setNumAttentionHeads(fields.required("num_attention_heads"))
                        .optRmsNormEps(fields.number("rms_norm_eps", 1e-6))
                        .optRopeTheta(RopeFields.theta(fields))
                        .optTieWordEmbeddings(fields.bool("tie_word_embeddings", false))
                        .optInitializerRange(fields.number("initializer_range", 0.02))
                        .optDataType(dataType())
                        .optTokens(tokens(family, stops));
        fields.integer("num_key_value_heads").ifPresent(builder::optNumKeyValueHeads);
        fields.integer("head_dim").ifPresent(builder::optHeadDim);
        fields.integer("max_position_embeddings").ifPresent(builder::optMaxPositionEmbeddings);
        if (family == LlamaVariant.LLAMA) {
            // Transformers does not look at these fields of a Qwen2.
            builder.optAttentionBias(fields.bool("attention_bias", false));
            builder.optMlpBias(fields.bool("mlp_bias", false));
        }
        return builder.build();
    }

    private LlamaVariant family() throws CheckpointException {
        Optional<LlamaVariant> family = fields.string("model_type").flatMap(LlamaVariant::of);
        if (family.isEmpty()) {
            String known =
                    Arrays.stream(LlamaVariant.values())
                            .map(LlamaVariant::modelType)
                            .collect(Collectors.joining(" and "));
            throw fields.unsupported("model_type", known);
        }
        return family.get();
    }

    /** Refuses what the model does not compute, whatever it is set to. */
    private void refuse(LlamaVariant family) throws CheckpointException {
        Optional<Object> architectures = fields.value("architectures");
        if (architectures.isPresent()
                && !(architectures.get() instanceof List<?> list
                        && list.contains(family.architecture()))) {
            throw fields.unsupported("architectures", family.architecture());
        }
        only("hidden_act", "silu");
        // Transformers computes the same whatever pretraining_tp is, and drops in training alone.
        if (fields.number("attention_dropout", 0) != 0) {
            LOG.warn(
                    "{}: attention_dropout is {}: it is left out, also where adapters are trained",
                    fields.origin(),
                    fields.number("attention_dropout", 0));
        }
        only("partial_rotary_factor", BigDecimal.ONE);
        if (fields.value("quantization_config").isPresent()) {
            throw fields.unsupported("quantization_config", "unquantized weights");
        }
        if (family == LlamaVariant.QWEN2) {
            boolean listed = fields.value("layer_types").isPresent();
            if (!listed && hasSlidingLayers()) {
                only("use_sliding_window", false);
            }
            if (listed
                    && !(fields.value("layer_types").get() instanceof List<?> list
                            && list.stream().allMatch("full_attention"::equals))) {
                throw fields.unsupported("layer_types", "full_attention in every layer");
            }
        }
    }

    /** Returns whether Transformers would give a layer a window where layers are not listed. */
    private boolean hasSlidingLayers() throws CheckpointException {
        boolean none = fields.names("sliding_window") && fields.value("sliding_window").isEmpty();
        int first = fields.integer("max_window_layers").orElse(DEFAULT_WINDOW_LAYERS);
        return !none && first < fields.required("num_hidden_layers");
    }

    private void only(String name, Object supported) throws CheckpointException {
        Optional<Object> value = fields.value(name);
        if (value.isPresent() && !same(value.get(), supported)) {
            throw fields.unsupported(name, supported.toString());
        }
    }

    private static boolean same(Object value, Object supported) {
        return (value instanceof BigDecimal number && supported instanceof BigDecimal wanted)
                ? number.compareTo(wanted) == 0
                : value.equals(supported);
    }

    private String dataType() throws CheckpointException {
        Optional<String> name = fields.string("dtype");
        return name.isPresent() ? name.get() : fields.string("torch_dtype").orElse("float32");
    }

    private SpecialTokens tokens(LlamaVariant family, Set<Integer> stops)
            throws CheckpointException {
        // Transformers' Llama begins with token 1 and stops at token 2 unless told otherwise.
        boolean llama = family == LlamaVariant.LLAMA;
        stops.addAll(
                llama && !fields.names("eos_token_id")
                        ? List.of(2)
                        : fields.integers("eos_token_id"));
        Integer begin =
                llama && !fields.names("bos_token_id")
                        ? Integer.valueOf(1)
                        : fields.integer("bos_token_id").orElse(null);
        return new SpecialTokens(
                begin, fields.integer("pad_token_id").orElse(null), List.copyOf(stops));
    }
}

package dev.ligature.models.decoder;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of config.json that all causal language models have. What would change the numbers and
 * is not implemented is refused.
 */
public final class DecoderFields {
    private static final String GENERATION_CONFIG = "generation_config.json";

    private final ConfigFields fields;
    private final String architecture;
    private final Set<Integer> stops;

    private DecoderFields(ConfigFields fields, String architecture, Set<Integer> stops) {
        this.fields = fields.of(architecture);
        this.architecture = architecture;
        this.stops = stops;
    }

    /** Reads what becomes a configuration, for {@link #of}. */
    @FunctionalInterface
    public interface Reading<C> {
        /** Returns the configuration. */
        C read(DecoderFields fields) throws CheckpointException;
    }

    /**
     * Reads the config.json of a directory, and the stop ids of generation_config.json where there
     * is one.
     *
     * @param directory the directory of a Hugging Face checkpoint
     * @param architecture the class of Transformers that computes the model
     * @param reading makes a configuration of the fields
     * @throws IOException if a file is missing or damaged, or asks for what is not computed
     */
    public static <C> C of(Path directory, String architecture, Reading<C> reading)
            throws IOException {
        return of(ConfigFields.ofModel(directory), stops(directory), architecture, reading);
    }

    /** Returns the stop ids of a directory's generation_config.json. */
    public static Set<Integer> stops(Path directory) throws IOException {
        Path generation = directory.resolve(GENERATION_CONFIG);
        return Files.isRegularFile(generation)
                ? new LinkedHashSet<>(ConfigFields.read(generation).integers("eos_token_id"))
                : new LinkedHashSet<>();
    }

    /** Reads a configuration from fields that are read already. */
    public static <C> C of(
            ConfigFields fields, Set<Integer> stops, String architecture, Reading<C> reading)
            throws CheckpointException {
        try {
            DecoderFields read = new DecoderFields(fields, architecture, stops);
            read.refuse();
            return reading.read(read);
        } catch (LoraException e) {
            String problem = String.valueOf(e.getMessage()).replace("[" + e.code() + "] ", "");
            throw ModelMessage.FIELD_VALUE_IN_FILE.fileErrorFrom(e, fields.origin(), problem);
        }
    }

    /** Refuses what no decoder computes, whatever it is set to. */
    private void refuse() throws CheckpointException {
        Optional<Object> architectures = fields.value("architectures");
        if (architectures.isPresent()
                && !(architectures.get() instanceof List<?> list && list.contains(architecture))) {
            throw fields.unsupported("architectures", architecture);
        }
        if (fields.value("quantization_config").isPresent()) {
            throw fields.unsupported("quantization_config", "unquantized weights");
        }
        // To Transformers a null is no default here: tokens would see those after them.
        if (fields.names("is_causal") && !fields.value("is_causal").equals(Optional.of(true))) {
            throw fields.unsupported("is_causal", "true");
        }
    }

    /** Returns the fields themselves. */
    public ConfigFields fields() {
        return fields;
    }

    /** Returns the data type that the checkpoint was written for. */
    public String dataType() throws CheckpointException {
        Optional<String> name = fields.string("dtype");
        return name.isPresent() ? name.get() : fields.string("torch_dtype").orElse("float32");
    }

    /** Returns a whole number, or what Transformers takes where the field is absent. */
    public int integer(String name, int absent) throws CheckpointException {
        return fields.integer(name).orElse(absent);
    }

    /** Returns the number of key heads: that of query heads where it is null, or the default 0. */
    public int keyValueHeads(int absent) throws CheckpointException {
        return fields.names("num_key_value_heads") || absent == 0
                ? integer("num_key_value_heads", fields.required("num_attention_heads"))
                : absent;
    }

    /**
     * Returns the heads of attention.
     *
     * @param absentKeyValues what Transformers takes for an absent {@code num_key_value_heads}; 0:
     *     all query heads
     * @param absentSize what it takes for an absent {@code head_dim}; 0: the hidden size divided by
     *     the query heads
     */
    public Heads heads(int absentKeyValues, int absentSize) throws CheckpointException {
        int queries = fields.required("num_attention_heads");
        SizeChecks.positive("num_attention_heads", queries);
        int hidden = fields.required("hidden_size");
        if (absentSize == 0 && fields.value("head_dim").isEmpty()) {
            SizeChecks.divides(hidden, queries);
        }
        int size = integer("head_dim", absentSize == 0 ? hidden / queries : absentSize);
        int keyValues = keyValueHeads(absentKeyValues);
        SizeChecks.heads(queries, keyValues, size);
        return new Heads(keyValues, queries / keyValues, size);
    }

    /** Returns the number of layers. */
    public int layers() throws CheckpointException {
        int layers = fields.required("num_hidden_layers");
        SizeChecks.layers("num_hidden_layers", layers);
        return layers;
    }

    /**
     * Returns how many tokens one sees, itself among them; 0, all before it, if it is null.
     *
     * @param absent what Transformers takes where the field is absent
     */
    public int window(int absent) throws CheckpointException {
        String name = "sliding_window";
        int window = integer(name, fields.names(name) ? 0 : absent);
        if (window < 0 || (window == 0 && fields.value(name).isPresent())) {
            throw fields.unsupported(name, "a positive number, and null");
        }
        return window;
    }

    /** Returns the activation of the feed-forward part. */
    public NamedActivation activation(String field, NamedActivation absent)
            throws CheckpointException {
        return NamedActivation.read(fields, field, absent);
    }

    /** Returns the special tokens; those of Transformers where the file does not say. */
    public SpecialTokens tokens(
            @Nullable Integer begin, @Nullable Integer stop, @Nullable Integer pad)
            throws CheckpointException {
        Set<Integer> all = new LinkedHashSet<>(stops);
        all.addAll(
                stop != null && !fields.names("eos_token_id")
                        ? List.of(stop)
                        : fields.integers("eos_token_id"));
        return new SpecialTokens(
                token("bos_token_id", begin), token("pad_token_id", pad), List.copyOf(all));
    }

    private @Nullable Integer token(String name, @Nullable Integer absent)
            throws CheckpointException {
        return fields.names(name) ? fields.integer(name).orElse(null) : absent;
    }
}

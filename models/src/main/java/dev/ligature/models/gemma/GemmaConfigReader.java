package dev.ligature.models.gemma;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.block.Rope;
import dev.ligature.models.block.RopeFields;
import dev.ligature.models.decoder.DecoderConfig;
import dev.ligature.models.decoder.DecoderFields;
import dev.ligature.models.decoder.SizeChecks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Reads a {@link GemmaConfig}, with the defaults of Transformers 5. */
final class GemmaConfigReader {
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final List<String> TYPES = List.of(FULL, SLIDING);
    private static final double GLOBAL_THETA = 1_000_000;
    private static final double LOCAL_THETA = 10_000;

    private final DecoderFields in;
    private final ConfigFields fields;

    private GemmaConfigReader(DecoderFields in) {
        this.in = in;
        this.fields = in.fields();
    }

    static GemmaConfig gemma2(DecoderFields in) throws CheckpointException {
        GemmaConfigReader reader = new GemmaConfigReader(in);
        Rope rope = new RopeFields(in.fields(), false).read(LOCAL_THETA);
        return new GemmaConfig(
                reader.decoder(8192, reader.layers(2, rope, rope)),
                false,
                reader.queryScalar(),
                reader.cap("attn_logit_softcapping", 50),
                reader.cap("final_logit_softcapping", 30));
    }

    static GemmaConfig gemma3(DecoderFields in) throws CheckpointException {
        GemmaConfigReader reader = new GemmaConfigReader(in);
        int pattern = in.integer("sliding_window_pattern", 6);
        if (pattern < 1) {
            throw in.fields().unsupported("sliding_window_pattern", "1 or more");
        }
        // Transformers reads attn_logit_softcapping of a Gemma 3, and does not cap.
        return new GemmaConfig(
                reader.decoder(131_072, reader.layers(pattern, reader.global(), reader.local())),
                true,
                reader.queryScalar(),
                0,
                reader.cap("final_logit_softcapping", 0));
    }

    private DecoderConfig decoder(int positions, List<LayerKind> layers)
            throws CheckpointException {
        fields.only("use_bidirectional_attention", false);
        fields.noteDropout("attention_dropout");
        return new DecoderConfig(
                fields.required("vocab_size"),
                fields.required("hidden_size"),
                fields.required("intermediate_size"),
                in.heads(4, 256),
                in.integer("max_position_embeddings", positions),
                fields.number("rms_norm_eps", 1e-6),
                in.activation("hidden_activation", NamedActivation.GELU_TANH),
                fields.bool("attention_bias", false),
                fields.bool("tie_word_embeddings", true),
                layers,
                in.tokens(2, 1, 0));
    }

    /** Returns the layers as they are listed; else each that the pattern divides is global. */
    private List<LayerKind> layers(int pattern, Rope global, Rope local)
            throws CheckpointException {
        int count = in.layers();
        List<String> types =
                fields.value("layer_types").isPresent()
                        ? fields.strings("layer_types", TYPES)
                        : IntStream.rangeClosed(1, count)
                                .mapToObj(i -> i % pattern == 0 ? FULL : SLIDING)
                                .toList();
        if (types.size() != count) {
            throw fields.unsupported("layer_types", "one type for each of num_hidden_layers");
        }
        int window = in.window(4096);
        List<LayerKind> kinds = new ArrayList<>();
        for (String type : types) {
            kinds.add(type.equals(FULL) ? new LayerKind(global, 0) : new LayerKind(local, window));
        }
        return kinds;
    }

    private Rope global() throws CheckpointException {
        double theta = fields.number("rope_theta", GLOBAL_THETA);
        Optional<ConfigFields> older = fields.object("rope_scaling");
        if (older.isPresent() && !older.get().names("rope_type")) {
            // Transformers looks at no other name of it here, and computes the default.
            throw fields.unsupported("rope_scaling", "an object with a rope_type");
        }
        return older.isPresent()
                ? new RopeFields(fields, false).read(older.get(), theta)
                : rope(FULL, theta);
    }

    private Rope local() throws CheckpointException {
        return rope(SLIDING, fields.number("rope_local_base_freq", LOCAL_THETA));
    }

    private Rope rope(String type, double theta) throws CheckpointException {
        return new RopeFields(fields, false).ofType(type, TYPES, theta);
    }

    private double queryScalar() throws CheckpointException {
        double scalar = fields.number("query_pre_attn_scalar", 256);
        SizeChecks.positive("query_pre_attn_scalar", scalar);
        return scalar;
    }

    /** Returns a cap, 0 where it is null. */
    private double cap(String name, double absent) throws CheckpointException {
        double cap = fields.number(name, fields.names(name) ? 0 : absent);
        if (fields.value(name).isPresent()) {
            SizeChecks.positive(name, cap);
        }
        return cap;
    }
}

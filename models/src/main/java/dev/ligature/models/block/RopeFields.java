package dev.ligature.models.block;

import dev.ligature.checkpoint.CheckpointException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads how positions turn heads: {@code rope_parameters} as Transformers 5 writes it, {@code
 * rope_theta} and {@code rope_scaling} as versions before do. Types of scaling other than {@code
 * linear} and {@code llama3} are refused.
 */
public final class RopeFields {
    private static final List<String> TYPE_NAMES = List.of("rope_type", "type");

    /** The fields of each type of scaling. */
    private static final Map<String, Set<String>> SCALING =
            Map.of(
                    "linear",
                    Set.of("factor"),
                    "llama3",
                    Set.of(
                            "factor",
                            "low_freq_factor",
                            "high_freq_factor",
                            "original_max_position_embeddings"));

    private static final String PARTIAL = "partial_rotary_factor";
    private static final Set<String> OTHER_NAMES = Set.of("rope_theta", PARTIAL);

    private final ConfigFields fields;
    private final boolean partial;

    /**
     * Creates a reader.
     *
     * @param fields the fields of config.json
     * @param partial whether the model can turn a part of its heads
     */
    public RopeFields(ConfigFields fields, boolean partial) {
        this.fields = fields;
        this.partial = partial;
    }

    /**
     * Returns what all layers have.
     *
     * @param defaultTheta the base of the frequencies where none is given
     */
    public Rope read(double defaultTheta) throws CheckpointException {
        fraction(fields, 1);
        double outer = fields.number("rope_theta", defaultTheta);
        Optional<ConfigFields> older = fields.object("rope_scaling");
        Optional<ConfigFields> newer = fields.object("rope_parameters");
        if (newer.isEmpty()) {
            return older.isEmpty() ? plain(outer) : read(older.get(), outer);
        }
        Rope rope = read(newer.get(), outer);
        if (fields.value("rope_theta").isPresent() && rope.theta() != outer) {
            throw fields.contradiction(
                    "rope_parameters.rope_theta", rope.theta(), "rope_theta", outer);
        }
        if (older.isPresent() && !read(older.get(), rope.theta()).equals(rope)) {
            throw fields.unsupported("rope_scaling", "what rope_parameters says");
        }
        return rope;
    }

    /**
     * Returns what {@code rope_parameters}, an object for each type of layer, says about one type.
     *
     * @param type the type
     * @param types all types
     * @param theta the base of the frequencies where none is given
     */
    public Rope ofType(String type, List<String> types, double theta) throws CheckpointException {
        Optional<ConfigFields> all = fields.object("rope_parameters");
        if (all.isEmpty()) {
            return Rope.of(theta);
        }
        for (String name : all.get().names()) {
            if (!types.contains(name)) {
                throw all.get().unsupported(name, String.join(" and ", types));
            }
        }
        Optional<ConfigFields> one = all.get().object(type);
        return one.isEmpty() ? Rope.of(theta) : read(one.get(), theta);
    }

    private Rope plain(double theta) throws CheckpointException {
        return new Rope(theta, fraction(fields, 1), null);
    }

    /**
     * Returns what one object says.
     *
     * @param rope an object such as {@code rope_parameters}
     * @param theta the base of the frequencies where the object has none
     */
    public Rope read(ConfigFields rope, double theta) throws CheckpointException {
        String scaled = "";
        for (String name : TYPE_NAMES) {
            String type = rope.string(name).orElse("default");
            refuseUnless(type.equals("default") || SCALING.containsKey(type), rope, name);
            scaled = type.equals("default") ? scaled : type;
        }
        Set<String> its = SCALING.getOrDefault(scaled, Set.of());
        for (String name : rope.names()) {
            boolean known = OTHER_NAMES.contains(name) || its.contains(name);
            refuseUnless(known || TYPE_NAMES.contains(name), rope, name);
        }
        return new Rope(
                rope.number("rope_theta", theta),
                fraction(rope, fraction(fields, 1)),
                scaled.isEmpty() ? null : scaling(rope, scaled));
    }

    private static void refuseUnless(boolean known, ConfigFields rope, String name)
            throws CheckpointException {
        if (!known) {
            throw rope.unsupported(
                    name, "rope_type \"default\" with a rope_theta, \"linear\" and \"llama3\"");
        }
    }

    private double fraction(ConfigFields in, double absent) throws CheckpointException {
        if (!partial) {
            in.only(PARTIAL, BigDecimal.ONE);
        }
        return in.number(PARTIAL, absent);
    }

    private Rope.Scaling scaling(ConfigFields rope, String type) throws CheckpointException {
        double factor = rope.requiredNumber("factor");
        if (!(factor >= 1)) {
            throw rope.unsupported("factor", "1 or more");
        }
        return type.equals("linear") ? new Rope.Linear(factor) : llama3(rope, factor);
    }

    private Rope.Llama3 llama3(ConfigFields rope, double factor) throws CheckpointException {
        String original = "original_max_position_embeddings";
        double positions =
                fields.number(
                        original,
                        rope.number(original, fields.number("max_position_embeddings", 0)));
        Rope.Llama3 scaling =
                new Rope.Llama3(
                        factor,
                        rope.requiredNumber("low_freq_factor"),
                        rope.requiredNumber("high_freq_factor"),
                        positions);
        if (!(scaling.lowFactor() > 0)) {
            throw rope.unsupported("low_freq_factor", "more than 0");
        }
        if (!(scaling.highFactor() > scaling.lowFactor())) {
            throw rope.unsupported("high_freq_factor", "more than low_freq_factor");
        }
        if (!(positions > 0)) {
            throw rope.unsupported(original, "more than 0");
        }
        return scaling;
    }
}

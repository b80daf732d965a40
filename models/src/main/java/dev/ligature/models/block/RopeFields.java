package dev.ligature.models.block;

import dev.ligature.checkpoint.CheckpointException;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the base of the rotary frequencies: {@code rope_parameters.rope_theta} as Transformers 5
 * writes it, {@code rope_theta} and {@code rope_scaling} as versions before do. Frequencies that
 * are scaled in any way are refused.
 */
public final class RopeFields {
    private static final double DEFAULT_THETA = 10_000;
    private static final Set<String> TYPE_NAMES = Set.of("rope_type", "type");

    private RopeFields() {}

    public static double theta(ConfigFields fields) throws CheckpointException {
        Optional<ConfigFields> older = fields.object("rope_scaling");
        if (older.isPresent()) {
            refuseScaling(older.get());
        }
        double outer = fields.number("rope_theta", DEFAULT_THETA);
        Optional<ConfigFields> newer = fields.object("rope_parameters");
        if (newer.isEmpty()) {
            return older.isEmpty() ? outer : older.get().number("rope_theta", outer);
        }
        refuseScaling(newer.get());
        double inner = newer.get().number("rope_theta", outer);
        if (fields.value("rope_theta").isPresent() && inner != outer) {
            throw fields.contradiction("rope_parameters.rope_theta", inner, "rope_theta", outer);
        }
        return inner;
    }

    private static void refuseScaling(ConfigFields rope) throws CheckpointException {
        for (String name : rope.names()) {
            boolean known =
                    name.equals("rope_theta")
                            || (TYPE_NAMES.contains(name)
                                    && rope.string(name).orElse("default").equals("default"))
                            || (name.equals("partial_rotary_factor") && rope.number(name, 1) == 1);
            if (!known) {
                throw rope.unsupported(name, "rope_type \"default\" with a rope_theta only");
            }
        }
    }
}

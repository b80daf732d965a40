package dev.ligature.models.encoder;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.internal.ModelMessage;
import java.util.Optional;

/**
 * The fields of config.json that encoders have in common, and how they are refused.
 *
 * @param fields the fields
 */
public record EncoderFields(ConfigFields fields) {
    /** The blocks of the layers are made before the checkpoint is looked at. */
    private static final int MOST_LAYERS = 10_000;

    private static final int DEFAULT_LABELS = 2;

    /** Returns a positive whole number. */
    public int size(String name, int absent) throws CheckpointException {
        int value = fields.integer(name).orElse(absent);
        require(value > 0, name, value, "positive");
        return value;
    }

    /** Returns a positive whole number that another one divides. */
    public int multiple(String name, int absent, String divisor, int of)
            throws CheckpointException {
        int value = size(name, absent);
        require(value % of == 0, name, value, "a multiple of " + divisor + ", " + of);
        return value;
    }

    /** Returns the number of layers. */
    public int layers(int absent) throws CheckpointException {
        int layers = size("num_hidden_layers", absent);
        require(
                layers <= MOST_LAYERS,
                "num_hidden_layers",
                layers,
                "positive and at most " + MOST_LAYERS);
        return layers;
    }

    /** Returns the number of labels: of {@code id2label}, else {@code num_labels}, else 2. */
    public int labels() throws CheckpointException {
        Optional<ConfigFields> names = fields.object("id2label");
        if (names.isEmpty()) {
            return size("num_labels", DEFAULT_LABELS);
        }
        int count = 0;
        for (String ignored : names.get().names()) {
            count++;
        }
        int labels = fields.integer("num_labels").orElse(count);
        if (labels != count) {
            throw fields.contradiction("num_labels", labels, "the number of id2label", count);
        }
        require(count > 0, "id2label", count, "labels, one at least");
        return count;
    }

    /** Refuses weights that are quantized. */
    public void refuseQuantized() throws CheckpointException {
        if (fields.value("quantization_config").isPresent()) {
            throw fields.unsupported("quantization_config", "unquantized weights");
        }
    }

    private void require(boolean holds, String name, int value, String wanted)
            throws CheckpointException {
        if (!holds) {
            String problem = ModelMessage.FIELD_VALUE.pattern().formatted(name, value, wanted);
            throw ModelMessage.FIELD_VALUE_IN_FILE.fileError(fields.origin(), problem);
        }
    }
}

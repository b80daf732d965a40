package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import dev.ligature.checkpoint.CheckpointException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** An activation by the names that config.json has for it. */
public enum NamedActivation {
    /** {@code x · σ(x)}. */
    SILU("silu", "swish") {
        @Override
        public NDArray of(NDArray x, boolean training) {
            // Activation.swish multiplies by a Java number, which breaks gradients.
            NDArray sigmoid = Activation.sigmoid(x);
            return training ? x.mul(sigmoid) : sigmoid.muli(x);
        }
    },
    /** {@code x · Φ(x)}, by the error function. */
    GELU("gelu") {
        @Override
        public NDArray of(NDArray x, boolean training) {
            return Activation.gelu(x);
        }
    },
    /** {@code ½x · (1 + tanh(√(2/π) · (x + 0.044715x³)))}. */
    GELU_TANH("gelu_pytorch_tanh", "gelu_new") {
        @Override
        public NDArray of(NDArray x, boolean training) {
            // ½(1 + tanh z) is σ(2z).
            NDArray outer = scalar(x, 2 * Math.sqrt(2 / Math.PI));
            NDArray inner = scalar(x, 2 * Math.sqrt(2 / Math.PI) * 0.044715);
            NDArray sigmoid = Activation.sigmoid(x.square().mul(inner).addi(outer).mul(x));
            return training ? x.mul(sigmoid) : sigmoid.muli(x);
        }
    },
    /** {@code max(x, 0)}. */
    RELU("relu") {
        @Override
        public NDArray of(NDArray x, boolean training) {
            return Activation.relu(x);
        }
    };

    @SuppressWarnings("ImmutableEnumChecker") // List.of makes an immutable one
    private final List<String> names;

    NamedActivation(String... names) {
        this.names = List.of(names);
    }

    /** Returns the activated array; x stays. */
    public abstract NDArray of(NDArray x, boolean training);

    /**
     * Reads the activation that a field names.
     *
     * @throws CheckpointException if it is not one of these; the message lists them
     */
    public static NamedActivation read(ConfigFields fields, String field, NamedActivation absent)
            throws CheckpointException {
        return of(fields, field, fields.string(field).orElse(absent.names.get(0)));
    }

    /**
     * Returns the activation of a name.
     *
     * @param fields the fields that the name is from, for the message
     * @param field the field that the name is from
     * @throws CheckpointException if it is not one of these; the message lists them
     */
    public static NamedActivation of(ConfigFields fields, String field, String name)
            throws CheckpointException {
        for (NamedActivation activation : values()) {
            if (activation.names.contains(name)) {
                return activation;
            }
        }
        throw fields.unsupported(
                field,
                Arrays.stream(values())
                        .flatMap(activation -> activation.names.stream())
                        .collect(Collectors.joining(", ")));
    }

    private static NDArray scalar(NDArray x, double value) {
        return x.getManager().full(new Shape(), (float) value, x.getDataType());
    }
}

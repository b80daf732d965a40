package dev.ligature.checkpoint;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a base checkpoint is loaded. The defaults: frozen, mapped, in the file's data types, and
 * every tensor of the file must have a place in the model.
 *
 * <pre>{@code
 * LoadOptions.defaults().withDataType(DataType.FLOAT32).withIgnored("*.rotary_emb.inv_freq")
 * }</pre>
 */
public final class LoadOptions {
    private static final LoadOptions DEFAULTS = new LoadOptions(null, false, true, List.of());

    private final @Nullable DataType dataType;
    private final boolean trainable;
    private final boolean mapped;
    private final List<String> ignored;

    private LoadOptions(
            @Nullable DataType dataType, boolean trainable, boolean mapped, List<String> ignored) {
        this.dataType = dataType;
        this.trainable = trainable;
        this.mapped = mapped;
        this.ignored = List.copyOf(ignored);
    }

    /** Returns the defaults. */
    public static LoadOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns these options with all weights converted to a data type.
     *
     * @param type {@code FLOAT32}, {@code FLOAT16} or {@code FLOAT64}
     */
    public LoadOptions withDataType(DataType type) {
        if (type != DataType.FLOAT32 && type != DataType.FLOAT16 && type != DataType.FLOAT64) {
            throw new IllegalArgumentException(
                    "Weights cannot be loaded as " + type + ". Use FLOAT32, FLOAT16 or FLOAT64.");
        }
        return new LoadOptions(type, trainable, mapped, ignored);
    }

    /** Returns these options with the model's parameters left trainable. */
    public LoadOptions withTrainable() {
        return new LoadOptions(dataType, true, mapped, ignored);
    }

    /**
     * Returns these options with weights copied to memory of their own, so that the files may be
     * changed while the model is in use.
     */
    public LoadOptions withCopies() {
        return new LoadOptions(dataType, trainable, false, ignored);
    }

    /**
     * Returns these options with more tensors of the file that need no place in the model.
     *
     * @param names names, in which {@code *} stands for any characters
     */
    public LoadOptions withIgnored(String... names) {
        List<String> all = new ArrayList<>(ignored);
        all.addAll(List.of(names));
        return new LoadOptions(dataType, trainable, mapped, all);
    }

    /** Returns the data type that weights are converted to, empty if they keep the file's. */
    public Optional<DataType> dataType() {
        return Optional.ofNullable(dataType);
    }

    /** Returns whether the model's parameters are left trainable. */
    public boolean trainable() {
        return trainable;
    }

    /** Returns whether weights are mapped from the file where that is possible. */
    public boolean mapped() {
        return mapped;
    }

    /** Returns whether a tensor of the file needs no place in the model. */
    boolean ignores(String name) {
        return ignored.stream().anyMatch(pattern -> matches(pattern, name));
    }

    private static boolean matches(String pattern, String name) {
        StringBuilder regex = new StringBuilder();
        for (String part : pattern.split("\\*", -1)) {
            regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(part));
        }
        return name.matches(regex.toString());
    }
}

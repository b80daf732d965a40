package dev.ligature.checkpoint;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a checkpoint is written. By default tensors keep the data types that they have. */
public final class ExportOptions {
    private static final ExportOptions DEFAULTS = new ExportOptions(null);

    private final @Nullable TensorDtype dtype;

    private ExportOptions(@Nullable TensorDtype dtype) {
        this.dtype = dtype;
    }

    /** Returns the defaults. */
    public static ExportOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns these options with all weights written in one data type, rounded to nearest even.
     *
     * @param type {@code F32}, {@code F16}, {@code BF16} or {@code F64}
     */
    public ExportOptions withDtype(TensorDtype type) {
        if (!type.isWeightType()) {
            throw new IllegalArgumentException(
                    "Weights cannot be written as " + type + ". Use F32, F16, BF16 or F64.");
        }
        return new ExportOptions(type);
    }

    /** Returns the data type that weights are written in, empty if they keep theirs. */
    public Optional<TensorDtype> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** Returns the data type in which a tensor of this one is written. */
    public TensorDtype dtypeOf(TensorDtype own) {
        Objects.requireNonNull(own, "own");
        return dtype == null || !own.isWeightType() ? own : dtype;
    }
}

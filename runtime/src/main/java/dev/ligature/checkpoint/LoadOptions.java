package dev.ligature.checkpoint;

import ai.djl.ndarray.types.DataType;
import dev.ligature.internal.names.Tolerances;
import dev.ligature.ops.WeightPrecision;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a base checkpoint is loaded. The defaults: frozen, mapped, in the file's data types; every
 * tensor of the file has a place in the model, every parameter of the model a tensor of its shape,
 * and the copies of a tied weight are equal. Each exception is named.
 *
 * <pre>{@code
 * LoadOptions.defaults().withDataType(DataType.FLOAT32).ignore("*.rotary_emb.inv_freq")
 * }</pre>
 */
public final class LoadOptions {
    private static final LoadOptions DEFAULTS =
            new LoadOptions(null, null, false, true, false, Tolerances.NONE);

    private final @Nullable DataType dataType;
    private final @Nullable WeightPrecision precision;
    private final boolean trainable;
    private final boolean mapped;
    private final boolean unties;
    private final Tolerances tolerances;

    private LoadOptions(
            @Nullable DataType dataType,
            @Nullable WeightPrecision precision,
            boolean trainable,
            boolean mapped,
            boolean unties,
            Tolerances tolerances) {
        this.dataType = dataType;
        this.precision = precision;
        this.trainable = trainable;
        this.mapped = mapped;
        this.unties = unties;
        this.tolerances = tolerances;
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
        Objects.requireNonNull(type, "type");
        if (type != DataType.FLOAT32 && type != DataType.FLOAT16 && type != DataType.FLOAT64) {
            throw new IllegalArgumentException(
                    "Weights cannot be loaded as " + type + ". Use FLOAT32, FLOAT16 or FLOAT64.");
        }
        if (precision != null && type != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "With weights held as "
                            + precision
                            + " all else is FLOAT32, not "
                            + type
                            + ".");
        }
        return new LoadOptions(type, precision, trainable, mapped, unties, tolerances);
    }

    /**
     * Returns these options with the weights of linears and embeddings held in fewer bits, and all
     * else as fp32: for models that are served. Needs the module of the engine, {@code
     * ligature-pytorch}. Such a model computes by its {@code LoraModel}, with adapters of any kind
     * and without; it is not trained, merged or saved.
     *
     * @param precision how weights are held
     */
    public LoadOptions withWeights(WeightPrecision precision) {
        Objects.requireNonNull(precision, "precision");
        if (trainable || (dataType != null && dataType != DataType.FLOAT32)) {
            throw new IllegalArgumentException(
                    "Weights held as "
                            + precision
                            + " are frozen, and all else is FLOAT32: leave out trainable(), and"
                            + " any other data type.");
        }
        return new LoadOptions(DataType.FLOAT32, precision, false, mapped, unties, tolerances);
    }

    /** Returns these options with the model's parameters left trainable. */
    public LoadOptions trainable() {
        if (precision != null) {
            throw new IllegalArgumentException(
                    "Weights held as " + precision + " cannot be trained. Leave out withWeights.");
        }
        return new LoadOptions(dataType, precision, true, mapped, unties, tolerances);
    }

    /**
     * Returns these options with weights copied to memory of their own, so that the files may be
     * changed while the model is in use.
     */
    public LoadOptions withCopies() {
        return new LoadOptions(dataType, precision, trainable, false, unties, tolerances);
    }

    /**
     * Returns these options with tensors of the file that need no place in the model.
     *
     * @param names names, in which {@code *} stands for any characters
     */
    public LoadOptions ignore(String... names) {
        return with(tolerances.ignore(names));
    }

    /**
     * Returns these options with tensors that the file need not have, such as those of a head that
     * is to be trained. Their parameters start as their blocks say, and so do those whose tensor
     * has another shape.
     *
     * @param names names such as {@code score.weight}, in which {@code *} stands for any characters
     */
    public LoadOptions allowMissing(String... names) {
        return with(tolerances.allowMissing(names));
    }

    /**
     * Returns these options with a choice of copies: where the tensors of a tied weight differ, the
     * named one is used for all its readers.
     *
     * @param names names such as {@code lm_head.weight}, in which {@code *} stands for any
     *     characters
     */
    public LoadOptions preferCopyOf(String... names) {
        return with(tolerances.preferCopyOf(names));
    }

    /**
     * Returns these options with the rule of Transformers: a tied module whose own tensor in the
     * file differs from the shared weight is untied, with a warning that says by how much. By
     * default that is an error.
     */
    public LoadOptions untyingWhatDiffers() {
        return new LoadOptions(dataType, precision, trainable, mapped, true, tolerances);
    }

    private LoadOptions with(Tolerances changed) {
        return new LoadOptions(dataType, precision, trainable, mapped, unties, changed);
    }

    /** Returns the data type that weights are converted to, empty if they keep the file's. */
    public Optional<DataType> dataType() {
        return Optional.ofNullable(dataType);
    }

    /** Returns how the weights of linears and embeddings are held, empty if in full. */
    public Optional<WeightPrecision> weights() {
        return Optional.ofNullable(precision);
    }

    /** Returns whether the model's parameters are left trainable. */
    public boolean isTrainable() {
        return trainable;
    }

    /** Returns whether modules are untied whose tensors differ. */
    public boolean unties() {
        return unties;
    }

    /** Returns whether weights are mapped from the file where that is possible. */
    public boolean isMapped() {
        return mapped;
    }

    /** Returns whether a tensor of the file needs no place in the model. */
    public boolean ignores(String name) {
        Objects.requireNonNull(name, "name");
        return tolerances.ignored().mean(name);
    }

    /** Returns whether a parameter may start fresh, where the file has no tensor that fits. */
    public boolean mayBeMissing(String name) {
        Objects.requireNonNull(name, "name");
        return tolerances.missing().mean(name);
    }

    /** Returns whether a tensor is the one to use where its copies differ. */
    public boolean prefers(String name) {
        Objects.requireNonNull(name, "name");
        return tolerances.preferred().mean(name);
    }
}

package dev.ligature.checkpoint;

import dev.ligature.internal.names.Tolerances;

/**
 * How an adapter is loaded. The defaults: for serving; every tensor of the file has a place in the
 * plan, every pair of the plan tensors of its shapes, and the copies of a tied pair are equal bit
 * for bit. Each exception is named.
 *
 * <pre>{@code
 * AdapterLoadOptions.defaults().preferCopyOf("lm_head").ignore("*.classifier.*")
 * }</pre>
 */
public final class AdapterLoadOptions {
    private static final AdapterLoadOptions DEFAULTS =
            new AdapterLoadOptions(false, Tolerances.NONE);

    private final boolean trainable;
    private final Tolerances tolerances;

    private AdapterLoadOptions(boolean trainable, Tolerances tolerances) {
        this.trainable = trainable;
        this.tolerances = tolerances;
    }

    /** Returns the defaults: for serving, with no exception. */
    public static AdapterLoadOptions defaults() {
        return DEFAULTS;
    }

    /** Returns these options for an adapter that is to be trained further. */
    public AdapterLoadOptions trainable() {
        return new AdapterLoadOptions(true, tolerances);
    }

    /**
     * Returns these options with tensors of the file that are not read.
     *
     * @param keys keys of the file, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions ignore(String... keys) {
        return new AdapterLoadOptions(trainable, tolerances.ignore(keys));
    }

    /**
     * Returns these options with modules whose tensors the file need not have. What it lacks, or
     * has in another shape, starts as in a new adapter: a pair as the configuration's {@code
     * init_lora_weights} says, a replaced module or row as the base's.
     *
     * @param modules names of modules, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions allowMissing(String... modules) {
        return new AdapterLoadOptions(trainable, tolerances.allowMissing(modules));
    }

    /**
     * Returns these options with a choice of copies: where tied modules share a pair, a copy or
     * rows, the tensors of the named module are used, and those of the others are not read.
     *
     * @param modules names of modules, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions preferCopyOf(String... modules) {
        return new AdapterLoadOptions(trainable, tolerances.preferCopyOf(modules));
    }

    /** Returns whether the adapter is to be trained further. */
    public boolean isTrainable() {
        return trainable;
    }

    /** Returns whether a tensor needs no place. */
    public boolean ignores(String key) {
        return tolerances.ignored().mean(key);
    }

    /** Returns whether a module needs no tensors. */
    public boolean mayBeMissing(String module) {
        return tolerances.missing().mean(module);
    }

    /** Returns whether the copy of a module is the one to use. */
    public boolean prefers(String module) {
        return tolerances.preferred().mean(module);
    }
}

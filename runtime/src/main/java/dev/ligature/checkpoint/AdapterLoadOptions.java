package dev.ligature.checkpoint;

import dev.ligature.internal.names.Wildcards;

/**
 * How strictly an adapter's file is taken. By default every tensor of the file has a place in the
 * plan, every pair of the plan tensors of its shapes, and the copies of a tied pair are equal bit
 * for bit. Each exception is named.
 *
 * <pre>{@code
 * AdapterLoadOptions.defaults().withCopyOf("lm_head").withIgnored("*.classifier.*")
 * }</pre>
 */
public final class AdapterLoadOptions {
    private static final AdapterLoadOptions DEFAULTS =
            new AdapterLoadOptions(Wildcards.NONE, Wildcards.NONE, Wildcards.NONE);

    private final Wildcards ignored;
    private final Wildcards fresh;
    private final Wildcards chosen;

    private AdapterLoadOptions(Wildcards ignored, Wildcards fresh, Wildcards chosen) {
        this.ignored = ignored;
        this.fresh = fresh;
        this.chosen = chosen;
    }

    /** Returns the defaults: no exception. */
    public static AdapterLoadOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns these options with tensors that are left alone, whatever they are.
     *
     * @param keys keys of the file, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions withIgnored(String... keys) {
        return new AdapterLoadOptions(ignored.with(keys), fresh, chosen);
    }

    /**
     * Returns these options with modules that the file need not have anything of. What it lacks, or
     * has in another shape, starts as in a new adapter: a pair as the configuration's {@code
     * init_lora_weights} says, a replaced module or row as the base's.
     *
     * @param modules names of modules, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions withMissing(String... modules) {
        return new AdapterLoadOptions(ignored, fresh.with(modules), chosen);
    }

    /**
     * Returns these options with a choice of copies: of what tied modules share, the tensors of the
     * named module are used, and those of the others are left alone.
     *
     * @param modules names of modules, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions withCopyOf(String... modules) {
        return new AdapterLoadOptions(ignored, fresh, chosen.with(modules));
    }

    /** Returns whether a tensor needs no place. */
    public boolean ignores(String key) {
        return ignored.mean(key);
    }

    /** Returns whether a module needs no tensors. */
    public boolean mayBeMissing(String module) {
        return fresh.mean(module);
    }

    /** Returns whether the copy of a module is the one to use. */
    public boolean chooses(String module) {
        return chosen.mean(module);
    }
}

package dev.ligature.checkpoint;

import dev.ligature.internal.names.Tolerances;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How an adapter is loaded. The defaults: for serving; every tensor of the file has a place in the
 * plan or is a weight that equals the base's, every pair of the plan has tensors of its shapes, and
 * the copies of a tied pair are equal bit for bit. Each exception is named.
 *
 * <pre>{@code
 * AdapterLoadOptions.defaults().preferCopyOf("lm_head").ignore("*.classifier.*")
 * }</pre>
 */
public final class AdapterLoadOptions {
    private static final AdapterLoadOptions DEFAULTS =
            new AdapterLoadOptions(false, false, null, Tolerances.NONE, BaseDifference.FAIL);

    private final boolean trainable;
    private final boolean untied;
    private final @Nullable Task task;
    private final Tolerances tolerances;
    private final BaseDifference baseDifference;

    /**
     * The kind of model that adapters must be for.
     *
     * @param type PEFT's {@code task_type}
     * @param title what a model of the kind is called, with its article
     */
    public record Task(String type, String title) {}

    private AdapterLoadOptions(
            boolean trainable,
            boolean untied,
            @Nullable Task task,
            Tolerances tolerances,
            BaseDifference baseDifference) {
        this.trainable = trainable;
        this.untied = untied;
        this.task = task;
        this.tolerances = tolerances;
        this.baseDifference = Objects.requireNonNull(baseDifference, "baseDifference");
    }

    /** Returns the defaults: for serving, with no exception. */
    public static AdapterLoadOptions defaults() {
        return DEFAULTS;
    }

    /** Returns these options for an adapter that is to be trained further. */
    public AdapterLoadOptions trainable() {
        return new AdapterLoadOptions(true, untied, task, tolerances, baseDifference);
    }

    /**
     * Returns these options for a file that is read as PEFT computes it where PEFT does not tie:
     * {@code ensure_weight_tying} of its configuration counts as off, and each reader of a tied
     * weight has the factors that the file has of it, and none if it has none of it.
     */
    public AdapterLoadOptions untied() {
        return new AdapterLoadOptions(trainable, true, task, tolerances, baseDifference);
    }

    /**
     * Returns these options for the adapters of one kind of model: one that was made for another is
     * refused ({@code AdapterTask}).
     *
     * @param type PEFT's {@code task_type}, {@code CAUSAL_LM} for one; adapters without one load
     * @param title what the model is, for the message: {@code a causal language model}
     */
    public AdapterLoadOptions forTask(String type, String title) {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(title, "title");
        Task asked = new Task(type, title);
        return new AdapterLoadOptions(trainable, untied, asked, tolerances, baseDifference);
    }

    /**
     * Returns these options with tensors of the file that are not read.
     *
     * @param keys keys of the file, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions ignore(String... keys) {
        return with(tolerances.ignore(keys));
    }

    /**
     * Returns these options with modules whose tensors the file need not have. What it lacks, or
     * has in another shape, starts as in a new adapter: a pair as the configuration's {@code
     * init_lora_weights} says, a replaced module or row as the base's.
     *
     * @param modules names of modules, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions allowMissing(String... modules) {
        return with(tolerances.allowMissing(modules));
    }

    /**
     * Returns these options with a choice of copies: where tied modules share a pair, a copy or
     * rows, the tensors of the named module are used, and those of the others are not read.
     *
     * @param modules names of modules, in which {@code *} stands for any characters
     */
    public AdapterLoadOptions preferCopyOf(String... modules) {
        return with(tolerances.preferCopyOf(modules));
    }

    private AdapterLoadOptions with(Tolerances changed) {
        return new AdapterLoadOptions(trainable, untied, task, changed, baseDifference);
    }

    /**
     * Returns these options with a choice for weights of the base in the file that are not those of
     * the given base.
     */
    public AdapterLoadOptions onBaseDifference(BaseDifference choice) {
        Objects.requireNonNull(choice, "choice");
        return new AdapterLoadOptions(trainable, untied, task, tolerances, choice);
    }

    /** Returns what is done where weights of the base in the file are not those of the base. */
    public BaseDifference baseDifference() {
        return baseDifference;
    }

    /** Returns whether the adapter is to be trained further. */
    public boolean isTrainable() {
        return trainable;
    }

    /** Returns whether each reader of a tied weight has the factors of its own in the file. */
    public boolean isUntied() {
        return untied;
    }

    /** Returns the kind of model that the adapter must be for, if it says any. */
    public Optional<Task> task() {
        return Optional.ofNullable(task);
    }

    /** Returns whether a tensor needs no place. */
    public boolean ignores(String key) {
        Objects.requireNonNull(key, "key");
        return tolerances.ignored().mean(key);
    }

    /** Returns whether a module needs no tensors. */
    public boolean mayBeMissing(String module) {
        Objects.requireNonNull(module, "module");
        return tolerances.missing().mean(module);
    }

    /** Returns whether the copy of a module is the one to use. */
    public boolean prefers(String module) {
        Objects.requireNonNull(module, "module");
        return tolerances.preferred().mean(module);
    }
}

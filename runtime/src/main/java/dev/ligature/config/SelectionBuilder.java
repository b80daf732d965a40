package dev.ligature.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The part of the builder of a configuration that selects modules, parameters and rows.
 *
 * @param <B> the type of the builder
 */
abstract class SelectionBuilder<B extends SelectionBuilder<B>> {
    ModuleSelection targetModules = ModuleSelection.Names.of(List.of());
    @Nullable ModuleSelection excludeModules;
    Collection<String> targetParameters = List.of();
    Collection<Integer> layersToTransform = List.of();
    Collection<String> layersPattern = List.of();
    Collection<String> modulesToSave = List.of();
    @Nullable TokenSelection trainableTokenIndices;

    abstract B self();

    /** Sets the modules to adapt, by full names or by what their names end with. */
    public B setTargetModules(String... names) {
        Objects.requireNonNull(names, "names");
        return setTargetModules(List.of(names));
    }

    /** Sets the modules to adapt, by full names or by what their names end with. */
    public B setTargetModules(Collection<String> names) {
        targetModules = ModuleSelection.Names.of(names);
        return self();
    }

    /**
     * Sets the modules to adapt by a regular expression, read as Python reads it, that must match a
     * module's whole name.
     */
    public B setTargetModulesRegex(String expression) {
        Objects.requireNonNull(expression, "expression");
        targetModules = new ModuleSelection.Regex(expression);
        return self();
    }

    /** Sets all linear modules but the output head as the modules to adapt. */
    public B setAllLinear() {
        targetModules = new ModuleSelection.AllLinear();
        return self();
    }

    /** Sets modules that are not adapted although they are targeted; default none. */
    public B optExcludeModules(String... names) {
        Objects.requireNonNull(names, "names");
        return optExcludeModules(List.of(names));
    }

    /** Sets modules that are not adapted although they are targeted; default none. */
    public B optExcludeModules(Collection<String> names) {
        excludeModules = names.isEmpty() ? null : ModuleSelection.Names.of(names);
        return self();
    }

    /** Sets modules that are not adapted, by an expression that matches the whole name. */
    public B optExcludeModulesRegex(String expression) {
        Objects.requireNonNull(expression, "expression");
        excludeModules = expression.isEmpty() ? null : new ModuleSelection.Regex(expression);
        return self();
    }

    /**
     * Sets parameters to adapt for all modules that read them, such as those of a block that cannot
     * be annotated; default none. The target modules may be left out then.
     */
    public B optTargetParameters(String... names) {
        Objects.requireNonNull(names, "names");
        return optTargetParameters(List.of(names));
    }

    /** Sets parameters to adapt; see {@link #optTargetParameters(String...)}. */
    public B optTargetParameters(Collection<String> names) {
        targetParameters = names;
        return self();
    }

    /** Sets the indices of the layers to adapt; default all. Not with an expression. */
    public B optLayersToTransform(int... indices) {
        Objects.requireNonNull(indices, "indices");
        return optLayersToTransform(Arrays.stream(indices).boxed().toList());
    }

    /** Sets the indices of the layers to adapt; default all. Not with an expression. */
    public B optLayersToTransform(Collection<Integer> indices) {
        layersToTransform = indices;
        return self();
    }

    /**
     * Sets the names of the lists whose index the layers mean, such as {@code layers}; regular
     * expressions, the first that matches decides. Default any.
     */
    public B optLayersPattern(String... patterns) {
        Objects.requireNonNull(patterns, "patterns");
        return optLayersPattern(List.of(patterns));
    }

    /** Sets the names of the lists; see {@link #optLayersPattern(String...)}. */
    public B optLayersPattern(Collection<String> patterns) {
        layersPattern = patterns;
        return self();
    }

    /**
     * Sets modules to train whole copies of, by full names, by what their names end with, or by the
     * name of what they are in; default none.
     */
    public B optModulesToSave(String... names) {
        Objects.requireNonNull(names, "names");
        return optModulesToSave(List.of(names));
    }

    /** Sets modules to train copies of; see {@link #optModulesToSave(String...)}. */
    public B optModulesToSave(Collection<String> names) {
        modulesToSave = names;
        return self();
    }

    /**
     * Sets rows of the input embedding, and of what is tied to it, to train without the rest of the
     * table; default none.
     */
    public B optTrainableTokenIndices(int... indices) {
        return optTrainableTokenIndices(Arrays.stream(indices).boxed().toList());
    }

    /** Sets rows of the input embedding; see {@link #optTrainableTokenIndices(int...)}. */
    public B optTrainableTokenIndices(Collection<Integer> indices) {
        trainableTokenIndices =
                indices.isEmpty() ? null : new TokenSelection.InputEmbedding(List.copyOf(indices));
        return self();
    }

    /** Sets rows to be trained by the names of their modules; default none. */
    public B optTrainableTokenIndices(Map<String, List<Integer>> indices) {
        trainableTokenIndices = indices.isEmpty() ? null : new TokenSelection.ByModule(indices);
        return self();
    }
}

package dev.ligature.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Collects a configuration, from {@link LoraConfig#builder} on. The last value given for a field
 * holds.
 */
public final class LoraConfigBuilder {
    @Nullable ModuleSelection targetModules;
    @Nullable ModuleSelection excludeModules;
    int rank = 8;
    double loraAlpha = 8;
    double loraDropout;
    boolean useRslora;
    LoraInit init = LoraInit.DEFAULT;
    boolean useDora;
    boolean loraBias;
    boolean fanInFanOut;
    Collection<String> targetParameters = List.of();
    Collection<Integer> layersToTransform = List.of();
    Collection<String> layersPattern = List.of();
    Map<String, Integer> rankPattern = Map.of();
    Map<String, Double> alphaPattern = Map.of();
    boolean ensureWeightTying;
    List<String> modulesToSave = List.of();
    @Nullable TokenSelection trainableTokenIndices;
    BiasMode bias = BiasMode.NONE;
    boolean allowUnmatched;
    @Nullable String taskType;
    @Nullable String baseModelNameOrPath;
    @Nullable String revision;
    @Nullable String peftVersion;
    @Nullable AutoMapping autoMapping;
    List<String> unknownFields = List.of();

    /** Starts with PEFT's defaults. */
    LoraConfigBuilder() {}

    /** Starts with the values of a configuration. */
    LoraConfigBuilder(LoraConfig config) {
        targetModules = config.targetModules();
        excludeModules = config.excludeModules().orElse(null);
        rank = config.rank();
        loraAlpha = config.loraAlpha();
        loraDropout = config.loraDropout();
        useRslora = config.useRslora();
        init = config.init();
        useDora = config.useDora();
        loraBias = config.loraBias();
        fanInFanOut = config.fanInFanOut();
        targetParameters = config.targetParameters();
        layersToTransform = config.layersToTransform();
        layersPattern = config.layersPattern();
        rankPattern = config.rankPattern();
        alphaPattern = config.alphaPattern();
        ensureWeightTying = config.ensureWeightTying();
        modulesToSave = config.modulesToSave();
        trainableTokenIndices = config.trainableTokenIndices().orElse(null);
        bias = config.bias();
        allowUnmatched = config.allowUnmatched();
        taskType = config.taskType().orElse(null);
        baseModelNameOrPath = config.baseModelNameOrPath().orElse(null);
        revision = config.revision().orElse(null);
        peftVersion = config.peftVersion().orElse(null);
        autoMapping = config.autoMapping().orElse(null);
        unknownFields = config.unknownFields();
    }

    /** Sets the modules to adapt, by full names or by what their names end with. */
    public LoraConfigBuilder setTargetModules(String... names) {
        return setTargetModules(List.of(names));
    }

    /** Sets the modules to adapt, by full names or by what their names end with. */
    public LoraConfigBuilder setTargetModules(Collection<String> names) {
        targetModules = ModuleSelection.Names.of(names);
        return this;
    }

    /**
     * Sets the modules to adapt by a regular expression, read as Python reads it, that must match a
     * module's whole name.
     */
    public LoraConfigBuilder setTargetModulesRegex(String expression) {
        targetModules = new ModuleSelection.Regex(expression);
        return this;
    }

    /** Sets all linear modules but the output head as the modules to adapt. */
    public LoraConfigBuilder setAllLinear() {
        targetModules = new ModuleSelection.AllLinear();
        return this;
    }

    /** Sets modules that are not adapted although they are targeted; default none. */
    public LoraConfigBuilder optExcludeModules(String... names) {
        return optExcludeModules(List.of(names));
    }

    /** Sets modules that are not adapted although they are targeted; default none. */
    public LoraConfigBuilder optExcludeModules(Collection<String> names) {
        excludeModules = names.isEmpty() ? null : ModuleSelection.Names.of(names);
        return this;
    }

    /** Sets modules that are not adapted, by an expression that matches the whole name. */
    public LoraConfigBuilder optExcludeModulesRegex(String expression) {
        excludeModules = expression.isEmpty() ? null : new ModuleSelection.Regex(expression);
        return this;
    }

    /** Sets the rank, PEFT's {@code r}; default 8. */
    public LoraConfigBuilder optRank(int rank) {
        this.rank = rank;
        return this;
    }

    /** Sets the numerator of the scaling; default 8. */
    public LoraConfigBuilder optLoraAlpha(double loraAlpha) {
        this.loraAlpha = loraAlpha;
        return this;
    }

    /** Sets the probability with which linear modules drop inputs in training; default 0. */
    public LoraConfigBuilder optLoraDropout(double loraDropout) {
        this.loraDropout = loraDropout;
        return this;
    }

    /** Sets whether the scaling is alpha / √r instead of alpha / r; default false. */
    public LoraConfigBuilder optUseRslora(boolean useRslora) {
        this.useRslora = useRslora;
        return this;
    }

    /** Sets how the factors start; default {@link LoraInit#DEFAULT}. */
    public LoraConfigBuilder optInit(LoraInit init) {
        this.init = init;
        return this;
    }

    /** Sets whether each row of W + ΔW is brought to a trained length; default false. */
    public LoraConfigBuilder optUseDora(boolean useDora) {
        this.useDora = useDora;
        return this;
    }

    /**
     * Sets whether the factor B has a bias; default false. Only with {@link LoraInit#DEFAULT} or
     * {@link LoraInit#RANDOM}, without DoRA, and not for embeddings.
     */
    public LoraConfigBuilder optLoraBias(boolean loraBias) {
        this.loraBias = loraBias;
        return this;
    }

    /** Sets whether the weights are said to be stored as (in, out); of no effect. */
    public LoraConfigBuilder optFanInFanOut(boolean fanInFanOut) {
        this.fanInFanOut = fanInFanOut;
        return this;
    }

    /**
     * Sets parameters to adapt for whoever reads them, such as those of a block that cannot be
     * annotated; default none. The target modules may be left out then.
     */
    public LoraConfigBuilder optTargetParameters(String... names) {
        return optTargetParameters(List.of(names));
    }

    /** Sets parameters to adapt for whoever reads them; see the other overload. */
    public LoraConfigBuilder optTargetParameters(Collection<String> names) {
        targetParameters = List.copyOf(new LinkedHashSet<>(names));
        return this;
    }

    /** Sets the indices of the layers to adapt; default all. Not with an expression. */
    public LoraConfigBuilder optLayersToTransform(int... indices) {
        return optLayersToTransform(Arrays.stream(indices).boxed().toList());
    }

    /** Sets the indices of the layers to adapt; default all. Not with an expression. */
    public LoraConfigBuilder optLayersToTransform(Collection<Integer> indices) {
        layersToTransform = List.copyOf(indices);
        return this;
    }

    /**
     * Sets the names of the lists whose index the layers mean, such as {@code layers}; regular
     * expressions, the first that matches decides. Default any.
     */
    public LoraConfigBuilder optLayersPattern(String... patterns) {
        return optLayersPattern(List.of(patterns));
    }

    /** Sets the names of the lists whose index the layers mean; see the other overload. */
    public LoraConfigBuilder optLayersPattern(Collection<String> patterns) {
        layersPattern = List.copyOf(patterns);
        return this;
    }

    /**
     * Sets ranks by pattern of module name; default none. A pattern is a regular expression that
     * matches the end of a name from a dot on, or the whole name; the first that matches decides.
     *
     * @param rankPattern the patterns, in a map that keeps their order
     */
    public LoraConfigBuilder optRankPattern(Map<String, Integer> rankPattern) {
        this.rankPattern = new LinkedHashMap<>(rankPattern);
        return this;
    }

    /**
     * Sets alphas by pattern of module name; default none. See {@link #optRankPattern}.
     *
     * @param alphaPattern the patterns, in a map that keeps their order
     */
    public LoraConfigBuilder optAlphaPattern(Map<String, Double> alphaPattern) {
        this.alphaPattern = new LinkedHashMap<>(alphaPattern);
        return this;
    }

    /** Sets whether modules that read one weight share one pair; default false. */
    public LoraConfigBuilder optEnsureWeightTying(boolean ensureWeightTying) {
        this.ensureWeightTying = ensureWeightTying;
        return this;
    }

    /**
     * Sets modules to train whole copies of, by full names, by what their names end with, or by the
     * name of what they are in; default none.
     */
    public LoraConfigBuilder optModulesToSave(String... names) {
        return optModulesToSave(List.of(names));
    }

    /** Sets modules to train whole copies of; see the other overload. */
    public LoraConfigBuilder optModulesToSave(Collection<String> names) {
        modulesToSave = List.copyOf(names);
        return this;
    }

    /**
     * Sets rows of the input embedding, and of what is tied to it, to be trained by themselves;
     * default none.
     */
    public LoraConfigBuilder optTrainableTokenIndices(int... indices) {
        return optTrainableTokenIndices(Arrays.stream(indices).boxed().toList());
    }

    /** Sets rows of the input embedding to be trained; see the other overload. */
    public LoraConfigBuilder optTrainableTokenIndices(Collection<Integer> indices) {
        trainableTokenIndices =
                indices.isEmpty() ? null : new TokenSelection.InputEmbedding(List.copyOf(indices));
        return this;
    }

    /** Sets rows to be trained by the names of their modules; default none. */
    public LoraConfigBuilder optTrainableTokenIndices(Map<String, List<Integer>> indices) {
        trainableTokenIndices = indices.isEmpty() ? null : new TokenSelection.ByModule(indices);
        return this;
    }

    /** Sets which biases are trained; default {@link BiasMode#NONE}. */
    public LoraConfigBuilder optBias(BiasMode bias) {
        this.bias = bias;
        return this;
    }

    /**
     * Sets whether entries that match nothing are warnings, and not errors, when an adapter is
     * created; default false.
     */
    public LoraConfigBuilder optAllowUnmatched(boolean allowUnmatched) {
        this.allowUnmatched = allowUnmatched;
        return this;
    }

    /** Sets the task, one of PEFT's names such as {@code CAUSAL_LM}; default none. */
    public LoraConfigBuilder optTaskType(@Nullable String taskType) {
        this.taskType = taskType;
        return this;
    }

    /** Sets the name or path of the base model; default none. */
    public LoraConfigBuilder optBaseModelNameOrPath(@Nullable String baseModelNameOrPath) {
        this.baseModelNameOrPath = baseModelNameOrPath;
        return this;
    }

    /** Sets the revision of the base model; default none. */
    public LoraConfigBuilder optRevision(@Nullable String revision) {
        this.revision = revision;
        return this;
    }

    /** Sets the version of PEFT that wrote the file; default none. */
    public LoraConfigBuilder optPeftVersion(@Nullable String peftVersion) {
        this.peftVersion = peftVersion;
        return this;
    }

    /** Sets the Python class of the base model; default none. */
    public LoraConfigBuilder optAutoMapping(@Nullable AutoMapping autoMapping) {
        this.autoMapping = autoMapping;
        return this;
    }

    /** Sets what a file asks for that is not known; see {@link LoraConfig#unknownFields}. */
    public LoraConfigBuilder optUnknownFields(Collection<String> unknownFields) {
        this.unknownFields = List.copyOf(unknownFields);
        return this;
    }

    /**
     * Returns the configuration.
     *
     * @throws dev.ligature.LoraException if the target modules are not set or a value is out of
     *     range
     */
    public LoraConfig build() {
        return new LoraConfig(this);
    }
}

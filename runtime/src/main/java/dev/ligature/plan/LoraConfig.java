package dev.ligature.plan;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of LoRA, in PEFT's terms and with PEFT's defaults. Immutable, with value equality.
 *
 * <pre>{@code
 * LoraConfig config =
 *         LoraConfig.builder()
 *                 .setTargetModules("q_proj", "v_proj", "embed_tokens")
 *                 .optRank(16)
 *                 .optLoraAlpha(32)
 *                 .optEnsureWeightTying(true)
 *                 .build();
 * }</pre>
 *
 * <p>The names are PEFT's {@code LoraConfig} fields. What PEFT has and this does not is refused by
 * name when a file sets it, see {@code AdapterConfigJson}.
 */
public final class LoraConfig {
    private final ModuleSelection targetModules;
    private final @Nullable ModuleSelection excludeModules;
    private final int rank;
    private final double loraAlpha;
    private final double loraDropout;
    private final boolean useRslora;
    private final LoraInit init;
    private final boolean useDora;
    private final boolean loraBias;
    private final boolean fanInFanOut;
    private final List<String> targetParameters;
    private final List<Integer> layersToTransform;
    private final List<String> layersPattern;
    private final Map<String, Integer> rankPattern;
    private final Map<String, Double> alphaPattern;
    private final boolean ensureWeightTying;
    private final List<String> modulesToSave;
    private final @Nullable TokenSelection trainableTokenIndices;
    private final BiasMode bias;
    private final boolean allowUnmatched;
    private final @Nullable String taskType;
    private final @Nullable String baseModelNameOrPath;
    private final @Nullable String revision;
    private final @Nullable String peftVersion;
    private final @Nullable AutoMapping autoMapping;
    private final List<String> unknownFields;

    private LoraConfig(Builder builder) {
        targetParameters = List.copyOf(builder.targetParameters);
        targetModules = ConfigCheck.targets(builder.targetModules, targetParameters);
        excludeModules = builder.excludeModules;
        rank = builder.rank;
        loraAlpha = builder.loraAlpha;
        loraDropout = builder.loraDropout;
        useRslora = builder.useRslora;
        init = builder.init;
        useDora = builder.useDora;
        loraBias = builder.loraBias;
        fanInFanOut = builder.fanInFanOut;
        layersToTransform = List.copyOf(builder.layersToTransform);
        layersPattern = List.copyOf(builder.layersPattern);
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(builder.rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(builder.alphaPattern));
        ensureWeightTying = builder.ensureWeightTying;
        modulesToSave = List.copyOf(new LinkedHashSet<>(builder.modulesToSave));
        trainableTokenIndices = builder.trainableTokenIndices;
        bias = builder.bias;
        allowUnmatched = builder.allowUnmatched;
        taskType = builder.taskType;
        baseModelNameOrPath = builder.baseModelNameOrPath;
        revision = builder.revision;
        peftVersion = builder.peftVersion;
        autoMapping = builder.autoMapping;
        unknownFields = List.copyOf(builder.unknownFields);
        ConfigCheck.check(this);
    }

    /** Returns a builder with PEFT's defaults; the target modules must be set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder that holds the values of this configuration. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.targetModules = targetModules;
        builder.excludeModules = excludeModules;
        builder.rank = rank;
        builder.loraAlpha = loraAlpha;
        builder.loraDropout = loraDropout;
        builder.useRslora = useRslora;
        builder.init = init;
        builder.useDora = useDora;
        builder.loraBias = loraBias;
        builder.fanInFanOut = fanInFanOut;
        builder.targetParameters = targetParameters;
        builder.layersToTransform = layersToTransform;
        builder.layersPattern = layersPattern;
        builder.rankPattern = rankPattern;
        builder.alphaPattern = alphaPattern;
        builder.ensureWeightTying = ensureWeightTying;
        builder.modulesToSave = modulesToSave;
        builder.trainableTokenIndices = trainableTokenIndices;
        builder.bias = bias;
        builder.allowUnmatched = allowUnmatched;
        builder.taskType = taskType;
        builder.baseModelNameOrPath = baseModelNameOrPath;
        builder.revision = revision;
        builder.peftVersion = peftVersion;
        builder.autoMapping = autoMapping;
        builder.unknownFields = unknownFields;
        return builder;
    }

    /** Returns which modules are adapted; PEFT's {@code target_modules}. */
    public ModuleSelection targetModules() {
        return targetModules;
    }

    /** Returns which modules are not adapted although they are targeted, if any. */
    public Optional<ModuleSelection> excludeModules() {
        return Optional.ofNullable(excludeModules);
    }

    /** Returns the rank of modules that {@link #rankPattern} says nothing of; PEFT's {@code r}. */
    public int rank() {
        return rank;
    }

    /** Returns the numerator of the scaling of modules that {@link #alphaPattern} leaves out. */
    public double loraAlpha() {
        return loraAlpha;
    }

    /** Returns the probability with which linear modules drop an element of their input. */
    public double loraDropout() {
        return loraDropout;
    }

    /** Returns whether the scaling is alpha / √r instead of alpha / r. */
    public boolean useRslora() {
        return useRslora;
    }

    /** Returns how the factors of a new adapter start; PEFT's {@code init_lora_weights}. */
    public LoraInit init() {
        return init;
    }

    /**
     * Returns whether the adapted weight is W + ΔW with each row, of an embedding each column,
     * brought to a trained length: Liu et al., "DoRA", 2024.
     */
    public boolean useDora() {
        return useDora;
    }

    /** Returns whether the factor B has a bias, which is trained. */
    public boolean loraBias() {
        return loraBias;
    }

    /**
     * Returns whether the weights are said to be stored as (in, out). DJL stores them as (out, in),
     * and the factors are the same either way, so a plan warns of it and takes no notice.
     */
    public boolean fanInFanOut() {
        return fanInFanOut;
    }

    /**
     * Returns the parameters that are adapted for whoever reads them, by full names or by what
     * their names end with: the name of an annotated module and that of the parameter in it, {@code
     * encoder.attention.query.weight}.
     */
    public List<String> targetParameters() {
        return targetParameters;
    }

    /** Returns the indices of the layers that are adapted; empty for all of them. */
    public List<Integer> layersToTransform() {
        return layersToTransform;
    }

    /** Returns the names of the lists whose index is meant by the layers; empty for any. */
    public List<String> layersPattern() {
        return layersPattern;
    }

    /** Returns ranks by pattern of module name; the first pattern that matches decides. */
    public Map<String, Integer> rankPattern() {
        return rankPattern;
    }

    /** Returns alphas by pattern of module name; the first pattern that matches decides. */
    public Map<String, Double> alphaPattern() {
        return alphaPattern;
    }

    /** Returns whether modules that read one weight share one pair. */
    public boolean ensureWeightTying() {
        return ensureWeightTying;
    }

    /**
     * Returns the modules whose parameters the adapter has whole copies of, by full names or by
     * what their names end with; PEFT's {@code modules_to_save}. A module is also meant by the name
     * of what it is in: {@code classifier} means {@code classifier.dense}.
     */
    public List<String> modulesToSave() {
        return modulesToSave;
    }

    /** Returns the rows that the adapter has its own values for, if any. */
    public Optional<TokenSelection> trainableTokenIndices() {
        return Optional.ofNullable(trainableTokenIndices);
    }

    /** Returns which biases the adapter has its own values for. */
    public BiasMode bias() {
        return bias;
    }

    /**
     * Returns whether an entry that matches nothing is a warning when an adapter is created, and
     * not an error. No part of a file.
     */
    public boolean allowUnmatched() {
        return allowUnmatched;
    }

    /** Returns the task, one of PEFT's names, if given. Of no meaning here. */
    public Optional<String> taskType() {
        return Optional.ofNullable(taskType);
    }

    /** Returns the name or path of the base model, if given. Of no meaning here. */
    public Optional<String> baseModelNameOrPath() {
        return Optional.ofNullable(baseModelNameOrPath);
    }

    /** Returns the revision of the base model, if given. Of no meaning here. */
    public Optional<String> revision() {
        return Optional.ofNullable(revision);
    }

    /** Returns the version of PEFT that wrote the file, if one did. */
    public Optional<String> peftVersion() {
        return Optional.ofNullable(peftVersion);
    }

    /** Returns the Python class of the base model, if given. Of no meaning here. */
    public Optional<AutoMapping> autoMapping() {
        return Optional.ofNullable(autoMapping);
    }

    /**
     * Returns the fields of the file that PEFT 0.21 does not know, each with its value. A loaded
     * adapter has a warning for each; a new one cannot be created with any. They are not written.
     */
    public List<String> unknownFields() {
        return unknownFields;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraConfig config && values().equals(config.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    @Override
    public String toString() {
        return "LoraConfig" + values();
    }

    private List<Object> values() {
        return Arrays.asList(
                targetModules,
                excludeModules(),
                rank,
                loraAlpha,
                loraDropout,
                useRslora,
                init,
                useDora,
                loraBias,
                fanInFanOut,
                targetParameters,
                layersToTransform,
                layersPattern,
                List.copyOf(rankPattern.entrySet()), // as lists, because their order decides
                List.copyOf(alphaPattern.entrySet()),
                ensureWeightTying,
                modulesToSave,
                trainableTokenIndices(),
                bias,
                allowUnmatched,
                taskType(),
                baseModelNameOrPath(),
                revision(),
                peftVersion(),
                autoMapping(),
                unknownFields);
    }

    /** Collects a configuration. The last value given for a field holds. */
    public static final class Builder {
        private @Nullable ModuleSelection targetModules;
        private @Nullable ModuleSelection excludeModules;
        private int rank = 8;
        private double loraAlpha = 8;
        private double loraDropout;
        private boolean useRslora;
        private LoraInit init = LoraInit.DEFAULT;
        private boolean useDora;
        private boolean loraBias;
        private boolean fanInFanOut;
        private Collection<String> targetParameters = List.of();
        private Collection<Integer> layersToTransform = List.of();
        private Collection<String> layersPattern = List.of();
        private Map<String, Integer> rankPattern = Map.of();
        private Map<String, Double> alphaPattern = Map.of();
        private boolean ensureWeightTying;
        private List<String> modulesToSave = List.of();
        private @Nullable TokenSelection trainableTokenIndices;
        private BiasMode bias = BiasMode.NONE;
        private boolean allowUnmatched;
        private @Nullable String taskType;
        private @Nullable String baseModelNameOrPath;
        private @Nullable String revision;
        private @Nullable String peftVersion;
        private @Nullable AutoMapping autoMapping;
        private List<String> unknownFields = List.of();

        private Builder() {}

        /** Sets the modules to adapt, by full names or by what their names end with. */
        public Builder setTargetModules(String... names) {
            return setTargetModules(List.of(names));
        }

        /** Sets the modules to adapt, by full names or by what their names end with. */
        public Builder setTargetModules(Collection<String> names) {
            targetModules = ModuleSelection.Names.of(names);
            return this;
        }

        /**
         * Sets the modules to adapt by a regular expression, read as Python reads it, that must
         * match a module's whole name.
         */
        public Builder setTargetModulesRegex(String expression) {
            targetModules = new ModuleSelection.Regex(expression);
            return this;
        }

        /** Sets all linear modules but the output head as the modules to adapt. */
        public Builder setAllLinear() {
            targetModules = new ModuleSelection.AllLinear();
            return this;
        }

        /** Sets modules that are not adapted although they are targeted; default none. */
        public Builder optExcludeModules(String... names) {
            return optExcludeModules(List.of(names));
        }

        /** Sets modules that are not adapted although they are targeted; default none. */
        public Builder optExcludeModules(Collection<String> names) {
            excludeModules = names.isEmpty() ? null : ModuleSelection.Names.of(names);
            return this;
        }

        /** Sets modules that are not adapted, by an expression that matches the whole name. */
        public Builder optExcludeModulesRegex(String expression) {
            excludeModules = expression.isEmpty() ? null : new ModuleSelection.Regex(expression);
            return this;
        }

        /** Sets the rank, PEFT's {@code r}; default 8. */
        public Builder optRank(int rank) {
            this.rank = rank;
            return this;
        }

        /** Sets the numerator of the scaling; default 8. */
        public Builder optLoraAlpha(double loraAlpha) {
            this.loraAlpha = loraAlpha;
            return this;
        }

        /** Sets the probability with which linear modules drop inputs in training; default 0. */
        public Builder optLoraDropout(double loraDropout) {
            this.loraDropout = loraDropout;
            return this;
        }

        /** Sets whether the scaling is alpha / √r instead of alpha / r; default false. */
        public Builder optUseRslora(boolean useRslora) {
            this.useRslora = useRslora;
            return this;
        }

        /** Sets how the factors start; default {@link LoraInit#DEFAULT}. */
        public Builder optInit(LoraInit init) {
            this.init = init;
            return this;
        }

        /** Sets whether each row of W + ΔW is brought to a trained length; default false. */
        public Builder optUseDora(boolean useDora) {
            this.useDora = useDora;
            return this;
        }

        /**
         * Sets whether the factor B has a bias; default false. Only with {@link LoraInit#DEFAULT}
         * or {@link LoraInit#RANDOM}, without DoRA, and not for embeddings.
         */
        public Builder optLoraBias(boolean loraBias) {
            this.loraBias = loraBias;
            return this;
        }

        /** Sets whether the weights are said to be stored as (in, out); of no effect. */
        public Builder optFanInFanOut(boolean fanInFanOut) {
            this.fanInFanOut = fanInFanOut;
            return this;
        }

        /**
         * Sets parameters to adapt for whoever reads them, such as those of a block that cannot be
         * annotated; default none. The target modules may be left out then.
         */
        public Builder optTargetParameters(String... names) {
            return optTargetParameters(List.of(names));
        }

        /** Sets parameters to adapt for whoever reads them; see the other overload. */
        public Builder optTargetParameters(Collection<String> names) {
            targetParameters = List.copyOf(new LinkedHashSet<>(names));
            return this;
        }

        /** Sets the indices of the layers to adapt; default all. Not with an expression. */
        public Builder optLayersToTransform(int... indices) {
            return optLayersToTransform(Arrays.stream(indices).boxed().toList());
        }

        /** Sets the indices of the layers to adapt; default all. Not with an expression. */
        public Builder optLayersToTransform(Collection<Integer> indices) {
            layersToTransform = List.copyOf(indices);
            return this;
        }

        /**
         * Sets the names of the lists whose index the layers mean, such as {@code layers}; regular
         * expressions, the first that matches decides. Default any.
         */
        public Builder optLayersPattern(String... patterns) {
            return optLayersPattern(List.of(patterns));
        }

        /** Sets the names of the lists whose index the layers mean; see the other overload. */
        public Builder optLayersPattern(Collection<String> patterns) {
            layersPattern = List.copyOf(patterns);
            return this;
        }

        /**
         * Sets ranks by pattern of module name; default none. A pattern is a regular expression
         * that matches the end of a name from a dot on, or the whole name; the first that matches
         * decides.
         *
         * @param rankPattern the patterns, in a map that keeps their order
         */
        public Builder optRankPattern(Map<String, Integer> rankPattern) {
            this.rankPattern = new LinkedHashMap<>(rankPattern);
            return this;
        }

        /**
         * Sets alphas by pattern of module name; default none. See {@link #optRankPattern}.
         *
         * @param alphaPattern the patterns, in a map that keeps their order
         */
        public Builder optAlphaPattern(Map<String, Double> alphaPattern) {
            this.alphaPattern = new LinkedHashMap<>(alphaPattern);
            return this;
        }

        /** Sets whether modules that read one weight share one pair; default false. */
        public Builder optEnsureWeightTying(boolean ensureWeightTying) {
            this.ensureWeightTying = ensureWeightTying;
            return this;
        }

        /**
         * Sets modules to train whole copies of, by full names, by what their names end with, or by
         * the name of what they are in; default none.
         */
        public Builder optModulesToSave(String... names) {
            return optModulesToSave(List.of(names));
        }

        /** Sets modules to train whole copies of; see the other overload. */
        public Builder optModulesToSave(Collection<String> names) {
            modulesToSave = List.copyOf(names);
            return this;
        }

        /**
         * Sets rows of the input embedding, and of what is tied to it, to be trained by themselves;
         * default none.
         */
        public Builder optTrainableTokenIndices(int... indices) {
            return optTrainableTokenIndices(Arrays.stream(indices).boxed().toList());
        }

        /** Sets rows of the input embedding to be trained; see the other overload. */
        public Builder optTrainableTokenIndices(Collection<Integer> indices) {
            trainableTokenIndices =
                    indices.isEmpty()
                            ? null
                            : new TokenSelection.InputEmbedding(List.copyOf(indices));
            return this;
        }

        /** Sets rows to be trained by the names of their modules; default none. */
        public Builder optTrainableTokenIndices(Map<String, List<Integer>> indices) {
            trainableTokenIndices = indices.isEmpty() ? null : new TokenSelection.ByModule(indices);
            return this;
        }

        /** Sets which biases are trained; default {@link BiasMode#NONE}. */
        public Builder optBias(BiasMode bias) {
            this.bias = bias;
            return this;
        }

        /**
         * Sets whether entries that match nothing are warnings, and not errors, when an adapter is
         * created; default false.
         */
        public Builder optAllowUnmatched(boolean allowUnmatched) {
            this.allowUnmatched = allowUnmatched;
            return this;
        }

        /** Sets the task, one of PEFT's names such as {@code CAUSAL_LM}; default none. */
        public Builder optTaskType(@Nullable String taskType) {
            this.taskType = taskType;
            return this;
        }

        /** Sets the name or path of the base model; default none. */
        public Builder optBaseModelNameOrPath(@Nullable String baseModelNameOrPath) {
            this.baseModelNameOrPath = baseModelNameOrPath;
            return this;
        }

        /** Sets the revision of the base model; default none. */
        public Builder optRevision(@Nullable String revision) {
            this.revision = revision;
            return this;
        }

        /** Sets the version of PEFT that wrote the file; default none. */
        public Builder optPeftVersion(@Nullable String peftVersion) {
            this.peftVersion = peftVersion;
            return this;
        }

        /** Sets the Python class of the base model; default none. */
        public Builder optAutoMapping(@Nullable AutoMapping autoMapping) {
            this.autoMapping = autoMapping;
            return this;
        }

        /** Sets what a file asks for that is not known; see {@link LoraConfig#unknownFields}. */
        public Builder optUnknownFields(Collection<String> unknownFields) {
            this.unknownFields = List.copyOf(unknownFields);
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws dev.ligature.diag.LoraException if the target modules are not set or a value is
         *     out of range
         */
        public LoraConfig build() {
            return new LoraConfig(this);
        }
    }
}

package dev.ligature.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A LoRA configuration with PEFT's field names and defaults, made by a {@link #builder}.
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
 * <p>A field of PEFT's {@code LoraConfig} that is not supported is refused by name if a file sets
 * it; see {@code AdapterConfigJson}.
 *
 * @param targetModules which modules are adapted
 * @param excludeModules which modules are not adapted although they are targeted
 * @param rank the rank of modules that {@code rankPattern} does not match; PEFT's {@code r}
 * @param loraAlpha the numerator of the scaling of modules that {@code alphaPattern} does not match
 * @param loraDropout the probability with which linear modules drop an element of their input
 * @param useRslora whether the scaling is alpha / √r instead of alpha / r
 * @param init how the factors of a new adapter start; PEFT's {@code init_lora_weights}
 * @param useDora whether the adapted weight is W + ΔW with each row, of an embedding each column,
 *     brought to a trained length: Liu et al., "DoRA", 2024
 * @param loraBias whether the factor B has a bias, which is trained
 * @param fanInFanOut whether the weights are declared to be stored as (in, out). The blocks say how
 *     they are stored, and the factors are the same either way, so a plan only warns of a wrong
 *     value
 * @param targetParameters the parameters that are adapted for all modules that read them, by full
 *     names or by what their names end with: the name of an annotated module and that of the
 *     parameter in it, {@code encoder.attention.query.weight}
 * @param layersToTransform the indices of the layers that are adapted; empty for all of them
 * @param layersPattern the names of the lists whose index counts as the layer; empty for any
 * @param rankPattern ranks by pattern of module name; the first that matches decides
 * @param alphaPattern alphas by pattern of module name; the first that matches decides
 * @param ensureWeightTying whether modules that read one weight share one pair
 * @param modulesToSave the modules whose parameters the adapter has whole copies of, by full names
 *     or by what their names end with. The name of what a module is in matches it, too: {@code
 *     classifier} matches {@code classifier.dense}
 * @param trainableTokenIndices the rows that the adapter has its own values for
 * @param bias which biases the adapter has its own values for
 * @param allowUnmatched whether an entry that matches nothing is a warning when an adapter is
 *     created, and not an error; not part of a file
 * @param metadata what does not affect what the adapter computes
 */
public record LoraConfig(
        ModuleSelection targetModules,
        Optional<ModuleSelection> excludeModules,
        int rank,
        double loraAlpha,
        double loraDropout,
        boolean useRslora,
        LoraInit init,
        boolean useDora,
        boolean loraBias,
        boolean fanInFanOut,
        List<String> targetParameters,
        List<Integer> layersToTransform,
        List<String> layersPattern,
        List<PatternValue<Integer>> rankPattern,
        List<PatternValue<Double>> alphaPattern,
        boolean ensureWeightTying,
        List<String> modulesToSave,
        Optional<TokenSelection> trainableTokenIndices,
        BiasMode bias,
        boolean allowUnmatched,
        PeftMetadata metadata) {
    /**
     * Copies the lists and checks all values.
     *
     * @throws dev.ligature.LoraException if no module is targeted or a value is out of range
     */
    public LoraConfig {
        targetModules = targetModules.normalized();
        targetParameters = List.copyOf(new LinkedHashSet<>(targetParameters));
        layersToTransform = List.copyOf(layersToTransform);
        layersPattern = List.copyOf(layersPattern);
        rankPattern = List.copyOf(rankPattern);
        alphaPattern = List.copyOf(alphaPattern);
        modulesToSave = List.copyOf(new LinkedHashSet<>(modulesToSave));
        ConfigCheck check =
                new ConfigCheck()
                        .targets(targetModules, targetParameters)
                        .ranks(rank, rankPattern)
                        .alphas(loraAlpha, alphaPattern)
                        .dropout(loraDropout)
                        .loraBias(loraBias, useDora, init)
                        .parameters(targetParameters, loraDropout, loraBias, useDora)
                        .layers(targetModules, layersToTransform, layersPattern)
                        .modulesToSave(modulesToSave)
                        .task(metadata.taskType());
        excludeModules.ifPresent(excluded -> check.selection("exclude_modules", excluded));
        trainableTokenIndices.ifPresent(check::tokens);
        check.finish();
    }

    /** Returns a builder with PEFT's defaults; the target modules must be set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder that holds the values of this configuration. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Collects a configuration. The last value given for a field holds. */
    public static final class Builder extends SelectionBuilder<Builder> {
        private int rank = 8;
        private double loraAlpha = 8;
        private double loraDropout;
        private boolean useRslora;
        private LoraInit init = LoraInit.DEFAULT;
        private boolean useDora;
        private boolean loraBias;
        private boolean fanInFanOut;
        private List<PatternValue<Integer>> rankPattern = List.of();
        private List<PatternValue<Double>> alphaPattern = List.of();
        private boolean ensureWeightTying;
        private BiasMode bias = BiasMode.NONE;
        private boolean allowUnmatched;
        private PeftMetadata metadata = PeftMetadata.NONE;

        private Builder() {}

        private Builder(LoraConfig config) {
            targetModules = config.targetModules;
            excludeModules = config.excludeModules.orElse(null);
            rank = config.rank;
            loraAlpha = config.loraAlpha;
            loraDropout = config.loraDropout;
            useRslora = config.useRslora;
            init = config.init;
            useDora = config.useDora;
            loraBias = config.loraBias;
            fanInFanOut = config.fanInFanOut;
            targetParameters = config.targetParameters;
            layersToTransform = config.layersToTransform;
            layersPattern = config.layersPattern;
            rankPattern = config.rankPattern;
            alphaPattern = config.alphaPattern;
            ensureWeightTying = config.ensureWeightTying;
            modulesToSave = config.modulesToSave;
            trainableTokenIndices = config.trainableTokenIndices.orElse(null);
            bias = config.bias;
            allowUnmatched = config.allowUnmatched;
            metadata = config.metadata;
        }

        @Override
        Builder self() {
            return this;
        }

        /** Sets the rank, PEFT's {@code r}; default 8. */
        public Builder optRank(int value) {
            rank = value;
            return this;
        }

        /** Sets the numerator of the scaling; default 8. */
        public Builder optLoraAlpha(double value) {
            loraAlpha = value;
            return this;
        }

        /** Sets the probability with which linear modules drop inputs in training; default 0. */
        public Builder optLoraDropout(double value) {
            loraDropout = value;
            return this;
        }

        /** Sets whether the scaling is alpha / √r instead of alpha / r; default false. */
        public Builder optUseRslora(boolean value) {
            useRslora = value;
            return this;
        }

        /** Sets how the factors start; default {@link LoraInit#DEFAULT}. */
        public Builder optInit(LoraInit value) {
            Objects.requireNonNull(value, "value");
            init = value;
            return this;
        }

        /** Sets whether each row of W + ΔW is brought to a trained length; default false. */
        public Builder optUseDora(boolean value) {
            useDora = value;
            return this;
        }

        /**
         * Sets whether the factor B has a bias; default false. Only with {@link LoraInit#DEFAULT}
         * or {@link LoraInit#RANDOM}, without DoRA, and not for embeddings.
         */
        public Builder optLoraBias(boolean value) {
            loraBias = value;
            return this;
        }

        /** Sets whether the weights are declared to be stored as (in, out); without effect. */
        public Builder optFanInFanOut(boolean value) {
            fanInFanOut = value;
            return this;
        }

        /** Sets ranks by pattern of module name; the first that matches decides. Default none. */
        public Builder optRankPattern(List<PatternValue<Integer>> patterns) {
            Objects.requireNonNull(patterns, "patterns");
            rankPattern = patterns;
            return this;
        }

        /**
         * Sets ranks by pattern of module name, in the order of a map; for one, or a sorted map.
         */
        public Builder optRankPattern(Map<String, Integer> patterns) {
            Objects.requireNonNull(patterns, "patterns");
            return optRankPattern(PatternValue.listOf(patterns));
        }

        /** Sets alphas by pattern of module name; the first that matches decides. Default none. */
        public Builder optAlphaPattern(List<PatternValue<Double>> patterns) {
            Objects.requireNonNull(patterns, "patterns");
            alphaPattern = patterns;
            return this;
        }

        /** Sets alphas by pattern of module name, in the order of a map. */
        public Builder optAlphaPattern(Map<String, Double> patterns) {
            Objects.requireNonNull(patterns, "patterns");
            return optAlphaPattern(PatternValue.listOf(patterns));
        }

        /** Sets whether modules that read one weight share one pair; default false. */
        public Builder optEnsureWeightTying(boolean value) {
            ensureWeightTying = value;
            return this;
        }

        /** Sets which biases are trained; default {@link BiasMode#NONE}. */
        public Builder optBias(BiasMode value) {
            bias = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Sets whether entries that match nothing are warnings, and not errors, when an adapter is
         * created; default false.
         */
        public Builder optAllowUnmatched(boolean value) {
            allowUnmatched = value;
            return this;
        }

        /** Sets the task, one of PEFT's names such as {@code CAUSAL_LM}; default none. */
        public Builder optTaskType(@Nullable String taskType) {
            return optMetadata(metadata.withTaskType(taskType));
        }

        /** Sets the name or path of the base model; default none. */
        public Builder optBaseModelNameOrPath(@Nullable String baseModelNameOrPath) {
            return optMetadata(metadata.withBaseModelNameOrPath(baseModelNameOrPath));
        }

        /** Sets what a file says that does not affect what the adapter computes. */
        public Builder optMetadata(PeftMetadata value) {
            Objects.requireNonNull(value, "value");
            metadata = value;
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws dev.ligature.LoraException if no module is targeted or a value is out of range
         */
        public LoraConfig build() {
            return new LoraConfig(
                    targetModules,
                    Optional.ofNullable(excludeModules),
                    rank,
                    loraAlpha,
                    loraDropout,
                    useRslora,
                    init,
                    useDora,
                    loraBias,
                    fanInFanOut,
                    List.copyOf(targetParameters),
                    List.copyOf(layersToTransform),
                    List.copyOf(layersPattern),
                    rankPattern,
                    alphaPattern,
                    ensureWeightTying,
                    List.copyOf(modulesToSave),
                    Optional.ofNullable(trainableTokenIndices),
                    bias,
                    allowUnmatched,
                    metadata);
        }
    }
}

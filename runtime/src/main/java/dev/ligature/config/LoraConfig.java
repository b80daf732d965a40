package dev.ligature.config;

import java.util.Arrays;
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

    /** Takes what a builder holds; copies its collections and checks it. */
    LoraConfig(LoraConfigBuilder builder) {
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
    public static LoraConfigBuilder builder() {
        return new LoraConfigBuilder();
    }

    /** Returns a builder that holds the values of this configuration. */
    public LoraConfigBuilder toBuilder() {
        return new LoraConfigBuilder(this);
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
}

package dev.ligature.cli;

import dev.ligature.Adapter;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.files.HubCache;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.training.AdapterDefaults;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say which adapter is trained: one from a directory, or a new one. */
final class AdapterOptions {
    /** What a name has not, and a regular expression has. */
    private static final Pattern EXPRESSION = Pattern.compile("[\\\\^$*+?()\\[\\]{}|]");

    @Option(
            names = "--init-adapter",
            paramLabel = "DIR",
            description = "Go on training this adapter, with its own configuration.")
    private @Nullable Path initAdapter;

    @Option(
            names = "--adapter-config",
            paramLabel = "F",
            description = {
                "PEFT's adapter_config.json of a new adapter. Other options here replace what it",
                "says, and a note names them."
            })
    private @Nullable Path adapterConfig;

    @Mixin private AdapterFileOptions adapterFiles = new AdapterFileOptions();

    @Option(names = "--r", paramLabel = "N", description = "The rank. Default: 8.")
    private @Nullable Integer rank;

    @Option(
            names = "--lora-alpha",
            paramLabel = "X",
            description = "The scaling is alpha / r. Default: 8.")
    private @Nullable Double alpha;

    @Option(names = "--lora-dropout", paramLabel = "P", description = "Default: 0.")
    private @Nullable Double dropout;

    @Option(
            names = "--target-modules",
            arity = "1..*",
            paramLabel = "NAME",
            description = {
                "What is adapted: q_proj,v_proj or all-linear, for example; or one regular",
                "expression for whole names, as in PEFT: '.*layers\\.[01]\\..*\\.(q|v)_proj'.",
                "Default: queries and values: q_proj,v_proj in most models."
            })
    private @Nullable List<String> targets;

    @Option(
            names = "--ensure-weight-tying",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "BOOL",
            description = "Adapt tied modules, such as embedding and head, with one pair.")
    private @Nullable Boolean tying;

    @Option(
            names = "--modules-to-save",
            split = ",",
            arity = "1..*",
            paramLabel = "NAME",
            description = {
                "Train whole copies of these modules: norm,lm_head, for example.",
                "That of the head of a classifier always is."
            })
    private @Nullable List<String> modulesToSave;

    @Option(
            names = "--trainable-token-indices",
            split = ",",
            arity = "1..*",
            paramLabel = "ID",
            description = "Train these rows of the embedding, and of a head that is tied to it.")
    private @Nullable List<Integer> tokens;

    @Option(
            names = "--bias",
            paramLabel = "MODE",
            description = "Train biases: none, all or lora_only. Default: none.")
    private @Nullable String bias;

    @Option(
            names = "--init-lora-weights",
            paramLabel = "INIT",
            description = {
                "How the factors start: true, false, gaussian, orthogonal, pissa,",
                "pissa_niter_N or olora. Default: true."
            })
    private @Nullable String init;

    @Option(
            names = "--use-rslora",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "BOOL",
            description = "The scaling is alpha / sqrt(r).")
    private @Nullable Boolean rslora;

    @Option(
            names = "--use-dora",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "BOOL",
            description = "Train the lengths of the weights' rows too.")
    private @Nullable Boolean dora;

    /** Says of options that contradict each other that they do. */
    void check() {
        if (initAdapter != null) {
            Map<String, @Nullable Object> flags = flags();
            flags.put("--adapter-config", adapterConfig);
            refuse("--init-adapter", flags);
        }
    }

    /** Returns the options that say something of a configuration, and their values. */
    private Map<String, @Nullable Object> flags() {
        Map<String, @Nullable Object> flags = new LinkedHashMap<>();
        flags.put("--r", rank);
        flags.put("--lora-alpha", alpha);
        flags.put("--lora-dropout", dropout);
        flags.put("--target-modules", targets);
        flags.put("--ensure-weight-tying", tying);
        flags.put("--init-lora-weights", init);
        flags.put("--use-rslora", rslora);
        flags.put("--use-dora", dora);
        flags.put("--modules-to-save", modulesToSave);
        flags.put("--trainable-token-indices", tokens);
        flags.put("--bias", bias);
        return flags;
    }

    /** Returns which options replace what a file of a configuration says; empty if none does. */
    String replaced() {
        List<String> given = new ArrayList<>();
        flags().forEach(
                        (option, value) -> {
                            if (value != null) {
                                given.add(option);
                            }
                        });
        return adapterConfig == null || given.isEmpty()
                ? ""
                : String.join(", ", given) + ": used in place of what " + adapterConfig + " says";
    }

    private static void refuse(String option, Map<String, @Nullable Object> others) {
        for (Map.Entry<String, @Nullable Object> other : others.entrySet()) {
            if (other.getValue() != null) {
                throw new BadInputException(
                        option
                                + " brings the adapter's configuration, so "
                                + other.getKey()
                                + " has no say: leave one of them out.");
            }
        }
    }

    /**
     * Adds the adapter to the model.
     *
     * @param model the model
     * @param name the adapter's name
     * @param base what the adapter's configuration says about its base
     * @param seed decides the factors of a new adapter
     */
    Adapter addTo(PretrainedModel model, String name, Path base, long seed) throws IOException {
        if (initAdapter != null) {
            return model.loadAdapter(name, initAdapter, adapterFiles.options().trainable());
        }
        LoraConfig.Builder builder =
                adapterConfig != null
                        ? AdapterConfigJson.read(adapterConfig).toBuilder()
                        : LoraConfig.builder()
                                .optBaseModelNameOrPath(
                                        HubCache.repositoryId(base).orElse(base.toString()));
        if (targets != null || adapterConfig == null) {
            target(builder, targets == null ? defaultTargets(model) : targets);
        }
        Path origin = adapterConfig != null ? adapterConfig : base;
        LoraConfig config = with(builder).build();
        return model.lora().create(name, AdapterDefaults.complete(config, origin, model), seed);
    }

    private static void target(LoraConfig.Builder builder, List<String> names) {
        if (names.equals(List.of("all-linear"))) {
            builder.setAllLinear();
        } else if (names.size() == 1 && EXPRESSION.matcher(names.get(0)).find()) {
            builder.setTargetModulesRegex(names.get(0));
        } else {
            builder.setTargetModules(
                    names.stream().flatMap(each -> Stream.of(each.split(",", -1))).toList());
        }
    }

    private LoraConfig.Builder with(LoraConfig.Builder builder) {
        if (rank != null) {
            builder.optRank(rank);
        }
        if (alpha != null) {
            builder.optLoraAlpha(alpha);
        }
        if (dropout != null) {
            builder.optLoraDropout(dropout);
        }
        if (modulesToSave != null) {
            builder.optModulesToSave(modulesToSave);
        }
        if (tokens != null) {
            builder.optTrainableTokenIndices(tokens);
        }
        if (bias != null) {
            builder.optBias(mode(bias));
        }
        if (init != null) {
            builder.optInit(start(init));
        }
        if (tying != null) {
            builder.optEnsureWeightTying(tying);
        }
        if (rslora != null) {
            builder.optUseRslora(rslora);
        }
        if (dora != null) {
            builder.optUseDora(dora);
        }
        return builder;
    }

    private static List<String> defaultTargets(PretrainedModel model) {
        return AdapterDefaults.targets(model)
                .orElseThrow(
                        () ->
                                new BadInputException(
                                        "The model has no modules of the usual names for queries"
                                                + " and values. Name what is adapted:"
                                                + " --target-modules all-linear, for one."));
    }

    private static BiasMode mode(String word) {
        return Arrays.stream(BiasMode.values())
                .filter(mode -> mode.word().equals(word))
                .findFirst()
                .orElseThrow(
                        () ->
                                new BadInputException(
                                        "--bias is '" + word + "': use none, all or lora_only."));
    }

    private static LoraInit start(String name) {
        return LoraInit.of(name)
                .orElseThrow(
                        () ->
                                new BadInputException(
                                        "--init-lora-weights is '"
                                                + name
                                                + "': use true, false, gaussian, orthogonal,"
                                                + " pissa, pissa_niter_16 or olora."));
    }
}

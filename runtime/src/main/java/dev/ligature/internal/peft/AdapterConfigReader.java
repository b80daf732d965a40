package dev.ligature.internal.peft;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.config.PeftMetadata;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.json.ConfigFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes a configuration of the fields of a file. */
public final class AdapterConfigReader {
    private static final Set<String> SUPPORTED =
            Set.of(
                    "alpha_pattern",
                    "auto_mapping",
                    "base_model_name_or_path",
                    "bias",
                    "ensure_weight_tying",
                    "exclude_modules",
                    "inference_mode",
                    "fan_in_fan_out",
                    "init_lora_weights",
                    "layers_pattern",
                    "layers_to_transform",
                    "lora_alpha",
                    "lora_bias",
                    "lora_dropout",
                    "modules_to_save",
                    "peft_type",
                    "peft_version",
                    "r",
                    "rank_pattern",
                    "revision",
                    "target_modules",
                    "target_parameters",
                    "task_type",
                    "trainable_token_indices",
                    "use_dora",
                    "use_rslora");

    private static final int MOST_UNKNOWN = 100;

    /** Each is an expression, which is tried on each module. */
    private static final int MOST_LAYERS_PATTERNS = 1000;

    private static final List<String> CHANGES_NO_BASE = List.of("eva");

    private final ConfigFields fields;
    private final String origin;

    public AdapterConfigReader(ConfigFields fields, String origin) {
        this.fields = fields;
        this.origin = origin;
    }

    public LoraConfig read() throws CheckpointException {
        requireLora();
        refuseUnsupported();
        LoraConfig.Builder builder = LoraConfig.builder();
        List<String> unknown = unknown();
        modules(builder);
        replacements(builder);
        numbers(builder);
        fields.flag("inference_mode"); // of no meaning in a file, but not of any type
        builder.optUseRslora(fields.flag("use_rslora"));
        if (fields.has("target_parameters")) {
            builder.optTargetParameters(fields.texts("target_parameters"));
        }
        builder.optUseDora(fields.flag("use_dora"));
        builder.optLoraBias(fields.flag("lora_bias"));
        builder.optFanInFanOut(fields.flag("fan_in_fan_out"));
        builder.optEnsureWeightTying(fields.flag("ensure_weight_tying"));
        builder.optInit(init());
        builder.optMetadata(
                new PeftMetadata(
                        fields.text("task_type"),
                        fields.text("base_model_name_or_path"),
                        fields.text("revision"),
                        fields.text("peft_version"),
                        autoMapping(),
                        unknown));
        try {
            return builder.build();
        } catch (LoraException e) {
            String message = String.valueOf(e.getMessage());
            throw new CheckpointException(
                    e.code(), origin + ": " + message.substring(message.indexOf(' ') + 1), e);
        }
    }

    private void modules(LoraConfig.Builder builder) throws CheckpointException {
        if (fields.value("target_modules") instanceof String expression) {
            builder.setTargetModulesRegex(expression);
        } else if (fields.has("target_modules")) {
            builder.setTargetModules(fields.texts("target_modules"));
        }
        if (fields.value("exclude_modules") instanceof String expression) {
            builder.optExcludeModulesRegex(expression);
        } else if (fields.has("exclude_modules")) {
            builder.optExcludeModules(fields.texts("exclude_modules"));
        }
        List<Integer> layers =
                fields.has("layers_to_transform")
                        ? fields.integers("layers_to_transform")
                        : List.of();
        builder.optLayersToTransform(layers);
        if (fields.has("layers_pattern")) {
            List<String> patterns = fields.texts("layers_pattern");
            fields.checkCount("layers_pattern", patterns.size(), MOST_LAYERS_PATTERNS);
            // To PEFT an empty list of layers means all of them, of whatever pattern.
            boolean all = fields.has("layers_to_transform") && layers.isEmpty();
            builder.optLayersPattern(all ? List.of() : patterns);
        }
    }

    private void replacements(LoraConfig.Builder builder) throws CheckpointException {
        if (fields.has("modules_to_save")) {
            builder.optModulesToSave(fields.texts("modules_to_save"));
        }
        if (fields.value("trainable_token_indices") instanceof Map<?, ?>) {
            builder.optTrainableTokenIndices(fields.integerListsByKey("trainable_token_indices"));
        } else if (fields.has("trainable_token_indices")) {
            builder.optTrainableTokenIndices(fields.integers("trainable_token_indices"));
        }
        Object bias = fields.value("bias");
        if (bias != null) {
            builder.optBias(
                    Arrays.stream(BiasMode.values())
                            .filter(mode -> bias.equals(mode.word()))
                            .findFirst()
                            .orElseThrow(
                                    () ->
                                            fields.wrong(
                                                    "bias", bias, "'none', 'all' or 'lora_only'")));
        }
    }

    private void numbers(LoraConfig.Builder builder) throws CheckpointException {
        if (fields.has("r")) {
            builder.optRank(fields.integer("r"));
        }
        if (fields.has("lora_alpha")) {
            builder.optLoraAlpha(fields.number("lora_alpha"));
        }
        if (fields.has("lora_dropout")) {
            builder.optLoraDropout(fields.number("lora_dropout"));
        }
        if (fields.has("rank_pattern")) {
            builder.optRankPattern(fields.integersByKey("rank_pattern"));
        }
        if (fields.has("alpha_pattern")) {
            builder.optAlphaPattern(fields.numbersByKey("alpha_pattern"));
        }
    }

    private LoraInit init() throws CheckpointException {
        Object value = fields.value("init_lora_weights");
        if (value == null) {
            return LoraInit.DEFAULT;
        }
        boolean quoted = value instanceof String text && text.matches("(?i)true|false");
        Optional<LoraInit> init = LoraInit.of(value.toString());
        if (init.isPresent() && !quoted) {
            return init.get();
        }
        if (!(value instanceof String name)) {
            throw fields.wrong("init_lora_weights", value, "true, false or a name");
        }
        throw (CHANGES_NO_BASE.contains(name)
                        ? PeftMessage.INIT_OF_TRAINING
                        : PeftMessage.INIT_OF_THE_BASE)
                .fileError(origin, name);
    }

    private PeftMetadata.@Nullable AutoMapping autoMapping() throws CheckpointException {
        if (!fields.has("auto_mapping")) {
            return null;
        }
        Map<String, @Nullable Object> members = fields.members("auto_mapping");
        return members.get("base_model_class") instanceof String baseModelClass
                        && members.get("parent_library") instanceof String parentLibrary
                ? new PeftMetadata.AutoMapping(baseModelClass, parentLibrary)
                : null;
    }

    private void requireLora() throws CheckpointException {
        String type = fields.text("peft_type");
        if (!"LORA".equals(type)) {
            throw type == null
                    ? PeftMessage.NO_PEFT_TYPE.fileError(origin)
                    : PeftMessage.NOT_LORA.fileError(origin, type);
        }
    }

    private void refuseUnsupported() throws CheckpointException {
        List<String> refused = new ArrayList<>();
        for (UnsupportedField field : UnsupportedField.values()) {
            Object value = fields.value(field.field());
            if (!field.isHarmless(value)) {
                refused.add(
                        field.field()
                                + " is "
                                + ConfigFields.shown(value)
                                + " ("
                                + field.feature()
                                + ")");
            }
        }
        if (!refused.isEmpty()) {
            throw PeftMessage.UNSUPPORTED.fileError(origin, String.join(", ", refused));
        }
    }

    /**
     * Returns the fields that PEFT does not know, as PEFT itself drops them with a warning; one
     * that is nearly the name of a known field is a mistake, and refused.
     */
    private List<String> unknown() throws CheckpointException {
        Set<String> known =
                Stream.concat(
                                SUPPORTED.stream(),
                                Arrays.stream(UnsupportedField.values())
                                        .map(UnsupportedField::field))
                        .collect(Collectors.toSet());
        List<String> unknown = new ArrayList<>();
        for (String name : fields.names()) {
            Object value = fields.value(name);
            if (known.contains(name) || UnsupportedField.isEmpty(value)) {
                continue;
            }
            String hint = Nearest.hint(name, known);
            if (!hint.isEmpty()) {
                throw PeftMessage.UNKNOWN_FIELD.fileError(
                        origin, name, ConfigFields.shown(value), hint);
            }
            if (unknown.size() < MOST_UNKNOWN) {
                unknown.add(ConfigFields.shown(name) + " set to " + ConfigFields.shown(value));
            }
        }
        return unknown;
    }
}

package dev.ligature.internal.peft;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.config.PeftMetadata;
import dev.ligature.internal.diag.Message;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
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

    private static final String EVA = "eva";

    /** More than any model has modules; each entry is compared with each module. */
    private static final int MOST_ENTRIES = 100_000;

    private final JsonFields<CheckpointException> fields;
    private final String origin;

    private AdapterConfigReader(JsonFields<CheckpointException> fields, String origin) {
        this.fields = fields;
        this.origin = origin;
    }

    /** Reads a document; its origin is for messages. */
    public static LoraConfig read(String json, String origin) throws CheckpointException {
        JsonFields<CheckpointException> fields =
                JsonFile.parse(json, origin, PeftMessage.FIELD_TYPE);
        return new AdapterConfigReader(fields, origin).read();
    }

    private LoraConfig read() throws CheckpointException {
        requireLora();
        List<String> unused = new ArrayList<>();
        refuseUnsupported(unused);
        LoraConfig.Builder builder = LoraConfig.builder();
        List<String> unknown = unknown();
        modules(builder);
        replacements(builder);
        numbers(builder);
        flag("inference_mode"); // of no meaning in a file, but not of any type
        builder.optUseRslora(flag("use_rslora"));
        builder.optTargetParameters(texts("target_parameters"));
        builder.optUseDora(flag("use_dora"));
        builder.optLoraBias(flag("lora_bias"));
        builder.optFanInFanOut(flag("fan_in_fan_out"));
        builder.optEnsureWeightTying(flag("ensure_weight_tying"));
        builder.optInit(init(unused));
        builder.optMetadata(
                new PeftMetadata(
                        fields.optionalString("task_type").orElse(null),
                        fields.optionalString("base_model_name_or_path").orElse(null),
                        fields.optionalString("revision").orElse(null),
                        fields.optionalString("peft_version").orElse(null),
                        autoMapping(),
                        unknown,
                        unused));
        try {
            return builder.build();
        } catch (LoraException e) {
            throw Message.inFile(e, origin);
        }
    }

    private void modules(LoraConfig.Builder builder) throws CheckpointException {
        if (fields.value("target_modules") instanceof String expression) {
            builder.setTargetModulesRegex(expression);
        } else if (fields.has("target_modules")) {
            builder.setTargetModules(texts("target_modules"));
        }
        if (fields.value("exclude_modules") instanceof String expression) {
            builder.optExcludeModulesRegex(expression);
        } else if (fields.has("exclude_modules")) {
            builder.optExcludeModules(texts("exclude_modules"));
        }
        List<Integer> layers = integers(fields, "layers_to_transform");
        builder.optLayersToTransform(layers);
        List<String> patterns = texts("layers_pattern");
        checkCount(fields, "layers_pattern", patterns.size(), MOST_LAYERS_PATTERNS);
        // To PEFT an empty list of layers means all of them, of whatever pattern.
        boolean all = fields.has("layers_to_transform") && layers.isEmpty();
        builder.optLayersPattern(all ? List.of() : patterns);
    }

    private void replacements(LoraConfig.Builder builder) throws CheckpointException {
        builder.optModulesToSave(texts("modules_to_save"));
        if (fields.value("trainable_token_indices") instanceof Map<?, ?>) {
            JsonFields<CheckpointException> modules = members("trainable_token_indices");
            Map<String, List<Integer>> byModule = new LinkedHashMap<>();
            for (String module : modules.names()) {
                if (!(modules.value(module) instanceof List<?>)) {
                    throw modules.wrong(module, "a list of whole numbers");
                }
                byModule.put(module, integers(modules, module));
            }
            builder.optTrainableTokenIndices(byModule);
        } else if (fields.has("trainable_token_indices")) {
            builder.optTrainableTokenIndices(integers(fields, "trainable_token_indices"));
        }
        Object bias = fields.value("bias");
        if (fields.names().contains("bias")) {
            builder.optBias(
                    Arrays.stream(BiasMode.values())
                            .filter(mode -> mode.word().equals(bias))
                            .findFirst()
                            .orElseThrow(
                                    () -> fields.wrong("bias", "'none', 'all' or 'lora_only'")));
        }
    }

    /** Reads what has a null only by mistake: PEFT computes with it, and fails. */
    private void numbers(LoraConfig.Builder builder) throws CheckpointException {
        if (fields.names().contains("r")) {
            builder.optRank(fields.integer("r"));
        }
        if (fields.names().contains("lora_alpha")) {
            builder.optLoraAlpha(fields.number("lora_alpha"));
        }
        if (fields.names().contains("lora_dropout")) {
            builder.optLoraDropout(fields.number("lora_dropout"));
        }
        if (fields.names().contains("rank_pattern")) {
            JsonFields<CheckpointException> patterns = members("rank_pattern");
            Map<String, Integer> ranks = new LinkedHashMap<>();
            for (String pattern : patterns.names()) {
                ranks.put(pattern, patterns.integer(pattern));
            }
            builder.optRankPattern(ranks);
        }
        if (fields.names().contains("alpha_pattern")) {
            JsonFields<CheckpointException> patterns = members("alpha_pattern");
            Map<String, Double> alphas = new LinkedHashMap<>();
            for (String pattern : patterns.names()) {
                alphas.put(pattern, patterns.number(pattern));
            }
            builder.optAlphaPattern(alphas);
        }
    }

    /** Returns false where a flag is absent or null. */
    private boolean flag(String name) throws CheckpointException {
        return fields.bool(name, false);
    }

    private List<String> texts(String name) throws CheckpointException {
        List<String> texts = fields.has(name) ? fields.strings(name) : List.of();
        checkCount(fields, name, texts.size(), MOST_ENTRIES);
        return texts;
    }

    private List<Integer> integers(JsonFields<CheckpointException> from, String name)
            throws CheckpointException {
        List<Integer> integers = from.has(name) ? from.integers(name) : List.of();
        checkCount(from, name, integers.size(), MOST_ENTRIES);
        return integers;
    }

    private JsonFields<CheckpointException> members(String name) throws CheckpointException {
        JsonFields<CheckpointException> members = fields.object(name);
        checkCount(fields, name, members.names().size(), MOST_ENTRIES);
        return members;
    }

    private void checkCount(JsonFields<CheckpointException> from, String name, int count, int most)
            throws CheckpointException {
        if (count > most) {
            throw PeftMessage.ENTRIES.fileError(origin, from.field(name), count, most);
        }
    }

    private LoraInit init(List<String> unused) throws CheckpointException {
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
            throw fields.wrong("init_lora_weights", "true, false or a name");
        }
        if (name.equals(EVA)) {
            unused.add("init_lora_weights set to 'eva': it says how the factors started");
            return LoraInit.DEFAULT;
        }
        throw PeftMessage.INIT_OF_THE_BASE.fileError(origin, name);
    }

    private PeftMetadata.@Nullable AutoMapping autoMapping() throws CheckpointException {
        if (!fields.has("auto_mapping")) {
            return null;
        }
        JsonFields<CheckpointException> members = fields.object("auto_mapping");
        return members.value("base_model_class") instanceof String baseModelClass
                        && members.value("parent_library") instanceof String parentLibrary
                ? new PeftMetadata.AutoMapping(baseModelClass, parentLibrary)
                : null;
    }

    private void requireLora() throws CheckpointException {
        String type = fields.optionalString("peft_type").orElse(null);
        if (!"LORA".equals(type)) {
            throw type == null
                    ? PeftMessage.NO_PEFT_TYPE.fileError(origin)
                    : PeftMessage.NOT_LORA.fileError(origin, type);
        }
    }

    private void refuseUnsupported(List<String> unused) throws CheckpointException {
        List<String> refused = new ArrayList<>();
        for (UnsupportedField field : UnsupportedField.values()) {
            Object value = fields.value(field.field());
            if (field.isHarmless(value)) {
                continue;
            }
            if (!field.harmless().isEmpty()) {
                unused.add(
                        "%s set to %s: %s"
                                .formatted(
                                        field.field(), JsonFields.shown(value), field.harmless()));
            } else {
                refused.add(
                        field.field()
                                + " is "
                                + JsonFields.shown(value)
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
                        origin, name, JsonFields.shown(value), hint);
            }
            if (unknown.size() < MOST_UNKNOWN) {
                unknown.add(JsonFields.shown(name) + " set to " + JsonFields.shown(value));
            }
        }
        return unknown;
    }
}

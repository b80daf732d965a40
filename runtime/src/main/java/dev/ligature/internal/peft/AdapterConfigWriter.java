package dev.ligature.internal.peft;

import com.google.gson.FormattingStyle;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonWriter;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.config.PeftMetadata;
import dev.ligature.config.TokenSelection;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Writes a configuration as PEFT 0.21 does: all its fields, sorted, indented by two spaces. */
public final class AdapterConfigWriter {
    private final JsonWriter writer;

    private AdapterConfigWriter(JsonWriter writer) {
        this.writer = writer;
    }

    public static String write(LoraConfig config) {
        StringWriter text = new StringWriter();
        JsonWriter writer = new JsonWriter(text);
        writer.setStrictness(Strictness.STRICT);
        writer.setFormattingStyle(FormattingStyle.PRETTY.withIndent("  "));
        try {
            new AdapterConfigWriter(writer).value(fields(config));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter throws none
        }
        return ascii(text.toString());
    }

    /** PEFT reads the file in the encoding of the platform, so it writes no other characters. */
    private static String ascii(String json) {
        StringBuilder ascii = new StringBuilder(json.length());
        json.chars()
                .forEach(
                        c ->
                                ascii.append(
                                        c <= 0x7f
                                                ? Character.toString(c)
                                                : String.format("\\u%04x", c)));
        return ascii.toString();
    }

    /** Returns the fields of the file, by name. */
    public static Map<String, @Nullable Object> fields(LoraConfig config) {
        Map<String, @Nullable Object> fields = new TreeMap<>();
        for (UnsupportedField field : UnsupportedField.values()) {
            if (field.isWritten()) {
                fields.put(field.field(), field.normal());
            }
        }
        fields.put("peft_type", "LORA");
        fields.put("inference_mode", true);
        fields.put("r", config.rank());
        fields.put("lora_alpha", shortest(config.loraAlpha()));
        fields.put("lora_dropout", config.loraDropout());
        fields.put("use_rslora", config.useRslora());
        fields.put("init_lora_weights", init(config.init().toString()));
        fields.put("target_parameters", orNull(config.targetParameters()));
        fields.put("use_dora", config.useDora());
        fields.put("lora_bias", config.loraBias());
        fields.put("fan_in_fan_out", config.fanInFanOut());
        fields.put("ensure_weight_tying", config.ensureWeightTying());
        fields.put("target_modules", selection(config.targetModules()));
        fields.put(
                "exclude_modules",
                config.excludeModules().map(AdapterConfigWriter::selection).orElse(null));
        fields.put("modules_to_save", orNull(config.modulesToSave()));
        fields.put(
                "trainable_token_indices",
                config.trainableTokenIndices().map(AdapterConfigWriter::indices).orElse(null));
        fields.put("bias", config.bias().word());
        fields.put("layers_to_transform", orNull(config.layersToTransform()));
        fields.put("layers_pattern", layersPattern(config.layersPattern()));
        Map<String, Object> ranks = new LinkedHashMap<>();
        config.rankPattern().forEach(entry -> ranks.put(entry.pattern(), entry.value()));
        fields.put("rank_pattern", ranks);
        Map<String, Object> alphas = new LinkedHashMap<>();
        config.alphaPattern()
                .forEach(entry -> alphas.put(entry.pattern(), shortest(entry.value())));
        fields.put("alpha_pattern", alphas);
        fields.put("task_type", config.metadata().taskType());
        fields.put("base_model_name_or_path", config.metadata().baseModelNameOrPath());
        fields.put("revision", config.metadata().revision());
        fields.put("peft_version", config.metadata().peftVersion());
        fields.put("auto_mapping", autoMapping(config.metadata().autoMapping()));
        return fields;
    }

    private static Object init(String name) {
        return name.matches("true|false") ? Boolean.valueOf(name) : name;
    }

    private static @Nullable Object autoMapping(PeftMetadata.@Nullable AutoMapping mapping) {
        return mapping == null
                ? null
                : new TreeMap<>(
                        Map.of(
                                "base_model_class",
                                mapping.baseModelClass(),
                                "parent_library",
                                mapping.parentLibrary()));
    }

    private static Object indices(TokenSelection selection) {
        return selection instanceof TokenSelection.ByModule byModule
                ? byModule.indices()
                : ((TokenSelection.InputEmbedding) selection).indices();
    }

    private static Object selection(ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Names names) {
            return names.names();
        }
        return selection instanceof ModuleSelection.Regex regex
                ? regex.expression()
                : ModuleSelection.AllLinear.WORD;
    }

    private static @Nullable Object layersPattern(List<String> patterns) {
        return patterns.size() == 1 ? patterns.get(0) : orNull(patterns);
    }

    private static @Nullable Object orNull(Collection<?> elements) {
        return elements.isEmpty() ? null : elements;
    }

    /** PEFT declares alpha as an integer, so a whole one has no decimal point. */
    private static Number shortest(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1L << 53
                ? (Number) (long) value
                : value;
    }

    private void value(@Nullable Object value) throws IOException {
        if (value instanceof Map<?, ?> members) {
            writer.beginObject();
            for (Map.Entry<?, ?> member : members.entrySet()) {
                writer.name(String.valueOf(member.getKey()));
                value(member.getValue());
            }
            writer.endObject();
        } else if (value instanceof Collection<?> elements) {
            writer.beginArray();
            for (Object element : elements) {
                value(element);
            }
            writer.endArray();
        } else if (value instanceof String text) {
            writer.value(text);
        } else if (value instanceof Boolean flag) {
            writer.value(flag);
        } else if (value instanceof Number number) {
            writer.value(number);
        } else {
            writer.nullValue();
        }
    }
}

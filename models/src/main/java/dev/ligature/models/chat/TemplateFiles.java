package dev.ligature.models.chat;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonFile;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the files of a checkpoint say of its chat template.
 *
 * @param origin the file of the template, for messages
 * @param sources the templates by name; most checkpoints have one, {@code default}
 * @param specialTokens the special tokens by the names that templates use
 */
record TemplateFiles(
        String origin, Map<String, String> sources, Map<String, String> specialTokens) {
    private static final String TEMPLATE = "chat_template";
    private static final String FORM =
            "a template, or a list of objects with the texts name and template";

    static TemplateFiles read(Path directory) throws IOException {
        Path config = directory.resolve("tokenizer_config.json");
        Map<String, String> sources = new LinkedHashMap<>();
        Map<String, String> tokens = new LinkedHashMap<>();
        if (Files.exists(config)) {
            JsonFields<CheckpointException> fields = JsonFile.read(config, ModelMessage.FIELD_TYPE);
            sources.putAll(templates(fields));
            for (String name : fields.names()) {
                if (name.endsWith("_token")) {
                    content(fields.value(name)).ifPresent(token -> tokens.put(name, token));
                }
            }
        }
        Path file = directory.resolve("chat_template.jinja");
        if (Files.exists(file)) {
            sources.put("default", JsonFile.text(file));
            return new TemplateFiles(file.toString(), sources, tokens);
        }
        return new TemplateFiles(config.toString(), sources, tokens);
    }

    private static Map<String, String> templates(JsonFields<CheckpointException> fields)
            throws CheckpointException {
        if (!fields.has(TEMPLATE)) {
            return Map.of();
        }
        if (!(fields.value(TEMPLATE) instanceof List<?> list)) {
            return Map.of("default", fields.string(TEMPLATE));
        }
        Map<String, String> templates = new LinkedHashMap<>();
        for (Object element : list) {
            if (!(element instanceof Map<?, ?> named)
                    || !(named.get("name") instanceof String name)
                    || !(named.get("template") instanceof String template)) {
                throw fields.wrong(TEMPLATE, FORM);
            }
            templates.put(name, template);
        }
        return templates;
    }

    /** A token is a text, or an object with the text {@code content}; other values are none. */
    private static Optional<String> content(@Nullable Object value) {
        Object content = value instanceof Map<?, ?> map ? map.get("content") : value;
        return content instanceof String text ? Optional.of(text) : Optional.empty();
    }
}

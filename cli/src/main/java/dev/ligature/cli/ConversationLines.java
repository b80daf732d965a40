package dev.ligature.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.ligature.LoraException;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.chat.Conversation;
import dev.ligature.models.text.DataFiles;
import dev.ligature.models.text.DataLine;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Conversations of a JSONL file. */
final class ConversationLines {
    private static final String FORM = "{\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}";
    private static final Set<String> OWN = Set.of("messages", "tools", "add_generation_prompt");
    private static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();

    private ConversationLines() {}

    /**
     * Prints {@code {"text": …}} for each conversation, or {@code {"error": …}} where the template
     * refuses it or fails.
     *
     * @return how many it refused or failed on
     */
    static int render(ChatTemplate template, Path file, PrintStream out) throws IOException {
        int refused = 0;
        try (DataFiles lines = DataFiles.open(List.of(file), FORM, line -> {})) {
            for (int i = 0; i < lines.count(); i++) {
                Conversation conversation = conversation(lines.read(i));
                Map<String, String> result;
                try {
                    result = Map.of("text", template.render(conversation).text());
                } catch (LoraException e) {
                    result = Map.of("error", String.valueOf(e.getMessage()));
                    refused++;
                }
                out.println(JSON.toJson(result));
            }
        }
        return refused;
    }

    private static Conversation conversation(DataLine line) throws IOException {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        for (String name : line.names()) {
            if (!OWN.contains(name)) {
                variables.put(name, line.value(name));
            }
        }
        Object asks = line.value("add_generation_prompt");
        if (asks != null && !(asks instanceof Boolean)) {
            throw line.wrong("add_generation_prompt", "true or false");
        }
        return new Conversation(
                line.objects("messages"),
                line.has("tools") ? line.objects("tools") : null,
                asks == null || (Boolean) asks,
                variables);
    }
}

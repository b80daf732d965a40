package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command of training.md runs as written, on the files of the page. */
final class TrainingPageTest {
    private static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");
    private static final Pattern FILE = Pattern.compile("(?ms)^```\\w+ (\\S+)\n(.*?)^```$");
    private static final Pattern COMMAND =
            Pattern.compile("(?m)^\\./ligature ((?:train|evaluate) .*)$");

    /** What the page calls the models. */
    private static final Map<String, String> MODELS =
            Map.of(
                    "models/llama", "cases/llama-rslora",
                    "models/llama-chat", "cases/llama-rslora",
                    "models/t5", "t5/relu",
                    "models/bert-reviews", "encoders/bert-sequence-linear",
                    "models/bert-names", "encoders/bert-token",
                    "models/minilm", "encoders/bert-model",
                    "models/bert", "encoders/bert-mlm");

    /** The labels of the page. */
    private static final Map<String, String> LABELS =
            Map.of(
                    "models/bert-reviews",
                    "\"id2label\": {\"0\": \"negative\", \"1\": \"positive\"}, ",
                    "models/bert-names",
                    "\"id2label\": {\"0\": \"other\", \"1\": \"person\", \"2\": \"place\"}, ");

    @TempDir Path folder;

    @Test
    void everyCommand_runsAsWritten() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "training.md"));
        for (MatchResult file : FILE.matcher(page).results().toList()) {
            Files.writeString(folder.resolve(file.group(1)), file.group(2));
        }
        for (Map.Entry<String, String> model : MODELS.entrySet()) {
            copy(RESOURCES.resolve(model.getValue()).resolve("base"), model.getKey());
        }
        List<String> commands =
                COMMAND.matcher(page).results().map(command -> command.group(1)).toList();
        assertEquals(15, commands.size());
        for (String command : commands) {
            Object[] args = Arrays.asList((Object[]) command.split(" ", -1)).toArray();
            for (int i = 1; i < args.length; i++) {
                if (List.of("--model", "--output", "--data", "--resume", "--adapter")
                        .contains(args[i - 1])) {
                    args[i] = folder.resolve(args[i].toString());
                }
            }
            CliRun.of(args).succeeded();
            if (args[0].equals("evaluate")) {
                continue;
            }
            Path output = (Path) args[Arrays.asList(args).indexOf("--output") + 1];
            assertTrue(Files.exists(output.resolve("adapter_model.safetensors")), command);
        }
    }

    private void copy(Path base, String name) throws IOException {
        Path copy = Files.createDirectories(folder.resolve(name));
        Files.copy(base.resolve("model.safetensors"), copy.resolve("model.safetensors"));
        Files.copy(RESOURCES.resolve("tasks/tokenizer.json"), copy.resolve("tokenizer.json"));
        String config = Files.readString(base.resolve("config.json"));
        String labels = LABELS.getOrDefault(name, "");
        if (!labels.isEmpty()) {
            config = config.replace("\"id2label", "\"old").replace("\"label2id", "\"older");
            config = config.replace("\"vocab_size\"", labels + "\"vocab_size\"");
        }
        Files.writeString(copy.resolve("config.json"), config);
        Files.writeString(
                copy.resolve("chat_template.jinja"),
                "{% for m in messages %}[CLS] {{ m.role }} {{ m.content }} [SEP] {% endfor %}"
                        + "{% if add_generation_prompt %}[CLS] assistant{% endif %}");
    }
}

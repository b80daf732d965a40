package dev.ligature.models.training;

import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Small models with a tokenizer of letters: [CLS] … [SEP], a to z, and ##a to ##z. */
final class TaskModels {
    static final Path RESOURCES = Path.of("src/test/resources");
    static final long CLS = 2;
    static final long SEP = 3;
    static final long MASK = 4;

    private TaskModels() {}

    /** Copies the base of a case, with the tokenizer, and with words in config.json replaced. */
    static Path copy(Path into, String base, String... replaced) throws IOException {
        Path from = RESOURCES.resolve(base).resolve("base");
        Path copy = Files.createDirectories(into.resolve(base.replace('/', '-')));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(from.resolve(name), copy.resolve(name));
        }
        Files.copy(RESOURCES.resolve("tasks/tokenizer.json"), copy.resolve("tokenizer.json"));
        String config = Files.readString(copy.resolve("config.json"));
        for (int i = 0; i < replaced.length; i += 2) {
            config = config.replace(replaced[i], replaced[i + 1]);
        }
        Files.writeString(copy.resolve("config.json"), config);
        return copy;
    }

    static PretrainedModel load(Path into, String base, String... replaced) throws IOException {
        return PretrainedModel.load(copy(into, base, replaced));
    }

    /** Returns the id of a letter at the start of a word. */
    static long id(char letter) {
        return 5L + letter - 'a';
    }

    /** Returns the id of a letter inside a word. */
    static long inside(char letter) {
        return 31L + letter - 'a';
    }
}

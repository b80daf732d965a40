package dev.ligature.benchmarks.serving;

import dev.ligature.LoraModel;
import dev.ligature.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Adapters for the cases: loaded from PEFT's directories, or created. */
final class Adapters {
    private Adapters() {}

    /** Loads what is not loaded yet, and returns the names: those of the directories. */
    static List<String> load(LoraModel model, List<String> directories) throws IOException {
        List<String> names = new ArrayList<>();
        for (String directory : directories) {
            Path path = Path.of(directory);
            String name = path.toFile().getName();
            if (!model.hasAdapter(name)) {
                model.load(name, path);
            }
            names.add(name);
        }
        return names;
    }

    /** Creates adapters until a model has so many. */
    static void createUpTo(LoraModel model, int count, LoraConfig config) {
        for (int i = model.adapterNames().size(); i < count; i++) {
            model.create("created." + i, config);
        }
    }

    static LoraConfig config(Words words) {
        return LoraConfig.builder()
                .setTargetModules(words.list("targets"))
                .optRank(words.number("rank"))
                .build();
    }
}

package dev.ligature.examples;

import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Merges an adapter into its base and writes a checkpoint that any program can load without it. */
public final class MergeAndExport {
    private MergeAndExport() {}

    /**
     * Runs the example.
     *
     * @param args the base model's directory, the adapter's, and one for the merged model
     */
    public static void main(String[] args) throws IOException {
        export(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
        System.out.println("merged: " + complete(Path.of(args[2]), null, "public class "));
    }

    /**
     * Writes the merged model.
     *
     * @param base a Hugging Face directory
     * @param adapter an adapter, as PEFT saves one
     * @param output the directory to write; must not exist
     */
    static void export(Path base, Path adapter, Path output) throws IOException {
        try (PretrainedModel model = PretrainedModel.load(base);
                BaseCheckpoint checkpoint = BaseCheckpoint.open(base)) {
            model.lora().load("adapter", adapter);
            // SAFE refuses a merge whose weights would not be finite.
            try (MergedModel merged =
                    model.lora().merge(Routing.of("adapter"), MergeOptions.SAFE)) {
                merged.export(checkpoint, output, ExportOptions.defaults());
            }
        }
    }

    /**
     * Completes a text.
     *
     * @param directory a model
     * @param adapter an adapter on it, or null
     * @param prompt the text
     */
    static String complete(Path directory, @Nullable Path adapter, String prompt)
            throws IOException {
        try (PretrainedModel model = PretrainedModel.load(directory)) {
            Routing routing = Routing.none();
            if (adapter != null) {
                model.lora().load("adapter", adapter);
                routing = Routing.of("adapter");
            }
            TextTokenizer tokenizer = model.tokenizer();
            long[] ids = tokenizer.encodePrompt(prompt);
            List<long[]> added =
                    TextGenerator.of(model, routing)
                            .generate(
                                    List.of(ids),
                                    GenerationOptions.greedy(12)
                                            .withStopIds(model.tokens().stops()),
                                    TokenListener.NONE);
            return tokenizer.continuation(ids, added.get(0));
        }
    }
}

package dev.ligature.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Data and options of small trainings, and what came out of them. */
final class TrainingFixture {
    private static final String[] WORDS = {"public", "int", "size", "return", "list", "value"};

    private final Path folder;

    TrainingFixture(Path folder) {
        this.folder = folder;
    }

    /** Writes prompts with completions. */
    Path prompts() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            lines.add(
                    String.format(
                            "{\"prompt\": \"%s %s\", \"completion\": \" %s %s(%d);\"}",
                            WORDS[i % 6],
                            WORDS[(i + 1) % 6],
                            WORDS[i * 5 % 6],
                            WORDS[i * 7 % 6].repeat(1 + i % 3),
                            i));
        }
        return Files.write(folder.resolve("prompts.jsonl"), lines);
    }

    /**
     * Returns the options of a training of a decoder whose embedding and head share a weight, with
     * dropout, several batches in a step, and checkpoints.
     */
    String[] tied(Path output, String... more) throws IOException {
        Path data = folder.resolve("prompts.jsonl");
        List<String> options =
                new ArrayList<>(
                        List.of(
                                "--model",
                                SparkFixture.DEMO.toString(),
                                "--data",
                                (Files.exists(data) ? data : prompts()).toString(),
                                "--output",
                                output.toString(),
                                "--steps=10",
                                "--accumulation=4",
                                "--batch-size=2",
                                "--sequence-length=24",
                                "--target-modules",
                                "q_proj,v_proj,embed_tokens,lm_head",
                                "--ensure-weight-tying",
                                "--lora-dropout=0.1",
                                "--r=4",
                                "--max-grad-norm=1",
                                "--checkpoint-every=5",
                                "--keep-checkpoints=9",
                                "--report-samples=0"));
        options.addAll(Arrays.asList(more));
        return options.toArray(String[]::new);
    }

    /** Returns loss, norm and rate of each step, as they are written. */
    static List<String> steps(Path output) throws IOException {
        return Files.readAllLines(output.resolve("metrics.csv")).stream()
                .map(line -> String.join(",", Arrays.copyOf(line.split(",", -1), 4)))
                .toList();
    }

    /** Returns whether two trainings have the same steps and the same adapter, bit for bit. */
    static boolean same(Path one, Path other) throws IOException {
        String weights = "adapter_model.safetensors";
        return steps(one).equals(steps(other))
                && Files.mismatch(one.resolve(weights), other.resolve(weights)) == -1;
    }
}

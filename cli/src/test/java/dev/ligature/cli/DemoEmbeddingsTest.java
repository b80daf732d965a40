package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of the demo of embeddings, on a small random BERT and a few pairs. */
final class DemoEmbeddingsTest {
    private static final Path BASE =
            Path.of("../models/src/test/resources/encoders/bert-model/base");
    private static final List<ApiPair> PAIRS =
            List.of(
                    new ApiPair("reads one line", "In line"),
                    new ApiPair("writes a file", "Out file"),
                    new ApiPair("joins some words", "Join words"),
                    new ApiPair("splits any text", "Split text"),
                    new ApiPair("counts the bytes", "Size bytes"),
                    new ApiPair("copies those folders", "Copy folders"));

    @TempDir Path folder;

    @Test
    void adaptersBeatTheBase_andEveryCheckHolds() throws IOException {
        Path model = model();
        Path saved = Files.createDirectory(folder.resolve("saved"));
        Run run = run(model, saved, 30, 2e-2);

        String out = run.out();
        assertTrue(run.passed(), out);
        assertTrue(metric(out, "LoRA on query and value") > metric(out, "base"), out);
        assertTrue(metric(out, "LoRA on all linear layers") > metric(out, "base"), out);
        assertTrue(out.contains("better than base  yes: "), out);
        assertTrue(out.contains("one mixed batch   yes: "), out);
        assertTrue(out.contains("saved and loaded  yes: "), out);
        // r 8: q and v of 2 layers, (24, 24); all linear layers have (24, 40) and (40, 24) too
        int queryValue = 2 * 2 * 8 * (24 + 24);
        int all = 2 * 8 * (4 * (24 + 24) + 2 * (24 + 40));
        assertTrue(out.contains(String.format(" %,d ", queryValue)), out);
        assertTrue(out.contains(String.format(" %,d ", all)), out);
        assertTrue(Files.exists(saved.resolve("query-value/adapter_config.json")));
        assertEquals(withoutSeconds(out), withoutSeconds(again(model)));
    }

    @Test
    void adaptersThatLearnNothing_failTheDemo() throws IOException {
        Run run = run(model(), Files.createDirectory(folder.resolve("saved")), 1, 1e-12);

        assertTrue(run.out().contains("better than base  NO: "), run.out());
        assertTrue(!run.passed(), run.out());
    }

    @Test
    void help_namesBothDemos() {
        String help = CliRun.of("demo", "--help").succeeded().out();
        assertTrue(help.contains("embeddings"), help);
        assertTrue(help.contains("text"), help);
        String text = CliRun.of("demo", "text", "--help").succeeded().out();
        assertTrue(text.contains("ligature demo text"), text);
        CliRun.of("demo", "embeddings", "--pairs", "1").refused("--pairs");
    }

    private String again(Path model) throws IOException {
        return run(model, Files.createDirectory(folder.resolve("again")), 30, 2e-2).out();
    }

    private record Run(boolean passed, String out) {}

    private static Run run(Path model, Path saved, int steps, double rate) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        boolean passed =
                new DemoEmbeddings(
                                new Terminal(stream, stream, false),
                                new StopSignal(),
                                steps,
                                64,
                                rate)
                        .run(model, PAIRS, PAIRS, saved);
        return new Run(passed, out.toString(StandardCharsets.UTF_8));
    }

    /** Returns a copy of the base with a tokenizer that knows the words of the pairs. */
    private Path model() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(BASE.resolve(file), model.resolve(file));
        }
        List<String> words =
                PAIRS.stream()
                        .flatMap(pair -> Stream.of(pair.question(), pair.answer()))
                        .flatMap(text -> Arrays.stream(text.split(" ", -1)))
                        .distinct()
                        .toList();
        String vocabulary =
                IntStream.range(0, words.size())
                        .mapToObj(i -> "\"" + words.get(i) + "\": " + (i + 2))
                        .collect(Collectors.joining(", "));
        Files.writeString(
                model.resolve("tokenizer.json"),
                """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                 "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"[PAD]": 0, "?": 1, %s}}}
                """
                        .formatted(vocabulary));
        return model;
    }

    private static double metric(String out, String label) {
        Matcher row =
                Pattern.compile("(?m)^" + label + " {2,}[0-9.]+ +[0-9.]+ +([0-9.]+) ").matcher(out);
        assertTrue(row.find(), out);
        return Double.parseDouble(row.group(1));
    }

    private static String withoutSeconds(String out) {
        return out.replaceAll("\\d+ seconds in all", "");
    }
}

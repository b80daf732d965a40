package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import dev.ligature.Routing;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.text.DocumentReader;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Fine-tunes the base model that ships with the examples, and reports what came of it. */
@Command(
        name = "demo",
        description = {
            "A model that has read Java learns Kotlin: fine-tunes three adapters on the sources of"
                    + " the Kotlin standard library, and compares them on files they have not"
                    + " seen.",
            "Takes about two minutes on two cores. Everything is computed in float32."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    private static final String PROMPT =
            """
            /**
             * Returns the first element matching the given [predicate], or `null` if there is none.
             */
            public inline fun <T> Iterable<T>.firstOrNull(\
            """;

    private static final int ROWS = 8;
    private static final int LENGTH = 128;
    private static final int HELD_OUT_EVERY = 20;
    private static final int NEW_TOKENS = 60;

    private final Terminal terminal;
    private final StopSignal stop;
    private final Path home = Path.of(System.getProperty("ligature.home", ""));

    @Option(
            names = "--steps",
            defaultValue = "120",
            paramLabel = "N",
            description = "Steps of each training. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--learning-rate",
            defaultValue = "1e-2",
            paramLabel = "X",
            description = "The greatest one; falls as a cosine. Default: ${DEFAULT-VALUE}.")
    private double learningRate;

    @Option(
            names = "--held-out-batches",
            defaultValue = "20",
            paramLabel = "N",
            description =
                    "Batches to measure on, spread over the held-out files. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int heldOutBatches;

    DemoCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        OptionChecks.atLeast("--steps", steps, 1);
        OptionChecks.atLeast("--held-out-batches", heldOutBatches, 1);
        OptionChecks.positive("--learning-rate", learningRate);
        long begin = System.nanoTime();
        Path base = home.resolve("examples/demo/base");
        try (LoadedModel loaded = LoadedModel.open(base)) {
            TextTokenizer tokenizer = loaded.tokenizer();
            stop.defer();
            Corpus corpus = corpus(loaded, tokenizer);
            introduce(loaded, corpus);
            String before = sample(loaded, tokenizer, Routing.none());
            compare(new DemoTraining(loaded, corpus, ROWS, steps, learningRate));
            if (stop.isRaised()) {
                return StopSignal.EXIT_CODE;
            }
            String after = sample(loaded, tokenizer, Routing.of(DemoRecipe.TIED.adapter()));
            show("Greedy, by the base", before);
            show("Greedy, by the adapter with tied embeddings", after);
            boolean passed = check(loaded, corpus.heldOut().get(0));
            print("%n%.0f seconds in all%n", (System.nanoTime() - begin) / 1e9);
            return passed ? 0 : Failure.INTERNAL_ERROR;
        }
    }

    private Corpus corpus(LoadedModel loaded, TextTokenizer tokenizer) throws IOException {
        Path jar = home.resolve("cli/target/corpus/kotlin-stdlib-sources.jar");
        return Corpus.of(
                new DocumentReader(true).read(List.of(jar + "!/commonMain/kotlin/*.kt")),
                tokenizer,
                new Corpus.Cut(
                        loaded.vocabulary(),
                        loaded.endOfText(),
                        LENGTH,
                        HELD_OUT_EVERY,
                        heldOutBatches,
                        ROWS),
                loaded.manager());
    }

    private void introduce(LoadedModel loaded, Corpus corpus) {
        print(
                """
                A model that has read Java learns Kotlin.

                base      a Llama of %,d parameters with tied embeddings, in float32
                training  %d steps of %d x %d tokens, out of %,d of the Kotlin standard library
                measured  on %,d tokens of files that are not trained on

                """,
                LoadedModel.parameterCount(loaded.base().block()),
                steps,
                ROWS,
                LENGTH,
                corpus.tokens(),
                (long) corpus.heldOut().size() * ROWS * LENGTH);
    }

    private void compare(DemoTraining training) {
        TextTable table = new TextTable("", "perplexity", "parameters trained", "seconds");
        addRow(table, training.base());
        for (DemoRecipe recipe : DemoRecipe.ALL) {
            if (!stop.isRaised()) {
                addRow(table, training.run(recipe, terminal, stop));
            }
        }
        print("%s%n", table);
    }

    private static void addRow(TextTable table, DemoTraining.Result result) {
        table.add(
                result.label(),
                String.format(Locale.ROOT, "%.2f", result.perplexity()),
                String.format(Locale.ROOT, "%,d", result.parameters()),
                String.format(Locale.ROOT, "%.0f", result.seconds()));
    }

    private static String sample(LoadedModel loaded, TextTokenizer tokenizer, Routing routing) {
        GenerationOptions greedy =
                GenerationOptions.greedy(NEW_TOKENS).withStopIds(loaded.tokens().stops());
        TextGenerator generator = TextGenerator.of(loaded.base(), routing);
        List<long[]> prompt = List.of(tokenizer.encodePrompt(PROMPT));
        return tokenizer.continuation(
                prompt.get(0), generator.generate(prompt, greedy, (row, id) -> {}).get(0));
    }

    private void show(String title, String sample) {
        print("%s:%n%n%s%n", title, (PROMPT + sample).indent(4));
    }

    private boolean check(LoadedModel loaded, NDArray ids) throws IOException {
        DemoChecks checks = new DemoChecks(loaded, ids);
        try (WorkDirectory work = WorkDirectory.temporary()) {
            String tied = DemoRecipe.TIED.adapter();
            print("saved and loaded  %s%n", checks.reload(tied, work.path().resolve(tied)));
            print("merged            %s%n", checks.merge(tied));
            print("untied, merged    %s%n", checks.refuse(DemoRecipe.UNTIED.adapter()));
        }
        return checks.passed();
    }

    private void print(String format, Object... values) {
        terminal.out().print(String.format(Locale.ROOT, format, values));
        terminal.out().flush();
    }
}

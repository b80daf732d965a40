package dev.ligature.cli;

import dev.ligature.models.onnx.BertImport;
import dev.ligature.models.text.DocumentReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Fine-tunes all-MiniLM-L6-v2 for a search over an API, and reports what came of it. */
@Command(
        name = "embeddings",
        description = {
            "A search over an API: finds a method by the first sentence of its documentation."
                    + " Fine-tunes two adapters of all-MiniLM-L6-v2 on four Java libraries, and"
                    + " measures them on a fifth.",
            "Takes about three minutes on two cores. Everything is computed in float32."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class DemoEmbeddingsCommand implements Callable<Integer> {
    private static final List<String> LEARNT =
            List.of("guava", "commons-lang3", "commons-collections4", "commons-compress");
    private static final String HELD_OUT = "commons-io";

    private final Terminal terminal;
    private final StopSignal stop;
    private final Path corpus =
            Path.of(System.getProperty("ligature.home", ""), "cli", "target", "corpus");

    @Option(
            names = "--steps",
            defaultValue = "15",
            paramLabel = "N",
            description = "Steps of each training. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--learning-rate",
            defaultValue = "2e-3",
            paramLabel = "X",
            description = "The greatest one; falls as a cosine. Default: ${DEFAULT-VALUE}.")
    private double learningRate;

    @Option(
            names = "--pairs",
            defaultValue = "64",
            paramLabel = "N",
            description =
                    "Pairs of a batch, of a sentence and a method. Default: ${DEFAULT-VALUE}.")
    private int pairs;

    DemoEmbeddingsCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        OptionChecks.atLeast("--steps", steps, 1);
        OptionChecks.atLeast("--pairs", pairs, 2);
        OptionChecks.positive("--learning-rate", learningRate);
        List<ApiPair> learnt = new ArrayList<>();
        for (String library : LEARNT) {
            learnt.addAll(read(library));
        }
        stop.defer();
        try (WorkDirectory work = WorkDirectory.temporary()) {
            Path model = work.path().resolve("all-minilm-l6-v2");
            BertImport.writeArchive(corpus.resolve("all-minilm-l6-v2.jar"), model);
            boolean passed =
                    new DemoEmbeddings(terminal, stop, steps, pairs, learningRate)
                            .run(model, learnt, read(HELD_OUT), work.path());
            if (stop.isRaised()) {
                return StopSignal.EXIT_CODE;
            }
            return passed ? 0 : Failure.INTERNAL_ERROR;
        }
    }

    private List<ApiPair> read(String library) throws IOException {
        Path jar = corpus.resolve(library + "-sources.jar");
        return ApiPair.of(new DocumentReader(true).read(List.of(jar + "!/*.java")));
    }
}

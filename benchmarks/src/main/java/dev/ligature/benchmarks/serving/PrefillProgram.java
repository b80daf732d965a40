package dev.ligature.benchmarks.serving;

import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.TextRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Times how a long prompt delays the texts beside it, by the size of the pieces that it is read in,
 * and how long the same prompt takes when its beginning is kept. Prints a row of a table for each
 * size: the shortest step of seven texts alone, the longest and the mean step while the prompt is
 * read, all the steps until its first token, and those of the kept prompt.
 */
public final class PrefillProgram {
    private static final int OTHERS = 7;
    private static final int OTHERS_PROMPT = 64;
    private static final int WARM_STEPS = 40;

    private PrefillProgram() {}

    /**
     * Runs.
     *
     * @param arguments the directory of a model, the tokens of the prompt, and sizes of pieces
     */
    public static void main(String[] arguments) throws IOException {
        int length = Integer.parseInt(arguments[1]);
        try (PretrainedModel model = PretrainedModel.load(Path.of(arguments[0]))) {
            measure(model, length, 512); // so that all code is compiled
            System.out.println(
                    "| piece | a step of the others alone | longest step beside | mean | first"
                            + " token | of a kept prefix |");
            System.out.println("|---|---|---|---|---|---|");
            for (int i = 2; i < arguments.length; i++) {
                int piece = Integer.parseInt(arguments[i]);
                System.out.println("| " + piece + measure(model, length, piece) + " |");
            }
        }
    }

    private static String measure(PretrainedModel model, int length, int piece) {
        BatchOptions options = new BatchOptions(piece, Long.MAX_VALUE, true);
        try (RunningBatch batch =
                new RunningBatch(
                        adapters -> model.lora().routed(Routing.none()),
                        model.decoder(),
                        model.manager(),
                        options)) {
            List<TextRow> others = new ArrayList<>();
            for (int i = 0; i < OTHERS; i++) {
                others.add(row(model, "", i, OTHERS_PROMPT, model.decoder().maxPositions() - 100));
            }
            batch.join(others);
            double alone = 0;
            for (int i = 0; i < WARM_STEPS; i++) {
                alone = Math.min(i == 0 ? Double.MAX_VALUE : alone, step(batch));
            }
            double[] cold = firstToken(model, batch, length);
            double[] kept = firstToken(model, batch, length);
            return String.format(
                    Locale.ROOT,
                    " | %.0f ms | %.0f ms | %.0f ms | %.2f s | %.2f s",
                    alone,
                    cold[0],
                    cold[1] / cold[2],
                    cold[1] / 1e3,
                    kept[1] / 1e3);
        }
    }

    /** Returns the longest step until a prompt's first token, the sum of all, and their number. */
    private static double[] firstToken(PretrainedModel model, RunningBatch batch, int length) {
        TextRow row = row(model, "", 99, length, 2);
        batch.add(List.of(row));
        double[] found = new double[3];
        while (row.tokens().length == 0) {
            double step = step(batch);
            found[0] = Math.max(found[0], step);
            found[1] += step;
            found[2]++;
        }
        batch.leave(row);
        return found;
    }

    private static double step(RunningBatch batch) {
        Stopwatch watch = Stopwatch.start();
        batch.step();
        return watch.nanos() / 1e6;
    }

    /** Returns a text with a prompt of random tokens; an empty adapter is the base. */
    static TextRow row(PretrainedModel model, String adapter, int seed, int length, int newTokens) {
        long[] prompt = new Random(seed).longs(length, 3, model.decoder().vocabulary()).toArray();
        return new TextRow(prompt, adapter, GenerationOptions.greedy(newTokens), id -> {});
    }
}

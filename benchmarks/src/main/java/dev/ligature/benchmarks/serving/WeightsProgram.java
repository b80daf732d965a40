package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.types.DataType;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.TextRow;
import dev.ligature.ops.WeightPrecision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Compares a model whose weights are held as int8 and as bfloat16 with the same in fp32: by how
 * much the process grows with it, and the times of a token of one text and of eight, and of a
 * prompt, through an adapter. The three take turns.
 */
public final class WeightsProgram {
    private static final String ADAPTER = "adapter";
    private static final String FP32 = "fp32";
    private static final List<String> LABELS = List.of(FP32, "bf16", "int8");
    private static final int ROUNDS = 11;
    private static final int STEPS = 16;
    private static final int PROMPT = 256;
    private static final int OTHER_PROMPT = 16;
    private static final int[] TEXTS = {1, 8};

    private final String label;
    private final PretrainedModel model;
    private long megabytes;
    private final List<double[]> times = new ArrayList<>();

    private WeightsProgram(String label, Path directory, Path adapter) throws IOException {
        this.label = label;
        model = PretrainedModel.load(directory, options(label));
        model.loadAdapter(ADAPTER, adapter, AdapterLoadOptions.defaults());
    }

    private static LoadOptions options(String label) {
        LoadOptions full = LoadOptions.defaults().withDataType(DataType.FLOAT32);
        return label.equals(FP32)
                ? full
                : full.withWeights(WeightPrecision.valueOf(label.toUpperCase(Locale.ROOT)));
    }

    /**
     * Runs.
     *
     * @param arguments the directory of a model, and that of an adapter; with a third, only the
     *     size of a process with weights held so
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path directory = Path.of(arguments[0]);
        Path adapter = Path.of(arguments[1]);
        if (arguments.length > 2) {
            WeightsProgram one = new WeightsProgram(arguments[2], directory, adapter);
            one.settle();
            System.out.println(MemoryCase.used() >> 20);
            one.model.close();
            return;
        }
        List<WeightsProgram> all = new ArrayList<>();
        for (String label : LABELS) {
            WeightsProgram program = new WeightsProgram(label, directory, adapter);
            program.megabytes = ofProcess(directory, adapter, label);
            all.add(program);
        }
        for (int round = 0; round <= ROUNDS; round++) {
            for (int i = 0; i < all.size(); i++) {
                WeightsProgram turn = all.get((round + i) % all.size());
                double[] found = turn.times();
                if (round > 0) { // the first compiles
                    turn.times.add(found);
                }
            }
        }
        System.out.println(
                "| weights | process | a token of one text | over fp32 | of eight | over fp32 |"
                        + " a prompt of "
                        + PROMPT
                        + " | over fp32 |");
        System.out.println("|---|---|---|---|---|---|---|---|");
        all.forEach(one -> System.out.println(one.row(all.get(0))));
        all.forEach(one -> one.model.close());
    }

    /** Computes once, so that every weight was read, and frees what loading left. */
    private void settle() throws InterruptedException {
        times();
        for (int i = 0; i < 3; i++) {
            System.gc(); // files that were mapped
            Thread.sleep(300);
        }
    }

    /** Returns the MiB of a process that holds a model so. */
    private static long ofProcess(Path directory, Path adapter, String label)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                ProcessHandle.current().info().command().orElse("java"),
                                "-Xmx512m"));
        command.addAll(
                List.of("-Dai.djl.offline=true", "-cp", System.getProperty("java.class.path")));
        command.add(WeightsProgram.class.getName());
        command.addAll(List.of(directory.toString(), adapter.toString(), label));
        Process child =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (child.waitFor() != 0) {
            throw new IOException("A process with weights as " + label + " failed");
        }
        return Long.parseLong(out.strip());
    }

    private String row(WeightsProgram base) {
        StringBuilder row = new StringBuilder();
        row.append(String.format(Locale.ROOT, "| %s | %,d MiB |", label, megabytes));
        for (int kind = 0; kind <= TEXTS.length; kind++) {
            double[] own = new double[ROUNDS];
            double[] ratios = new double[ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                own[round] = times.get(round)[kind];
                ratios[round] = own[round] / base.times.get(round)[kind];
            }
            Arrays.sort(own);
            Arrays.sort(ratios);
            row.append(
                    String.format(
                            Locale.ROOT, " %.1f ms | %.2f |", own[ROUNDS / 2], ratios[ROUNDS / 2]));
        }
        return row.toString();
    }

    /** Returns the milliseconds of a step of one text, of one of several, and of a prompt. */
    private double[] times() {
        double[] found = new double[TEXTS.length + 1];
        for (int i = 0; i < TEXTS.length; i++) {
            try (RunningBatch batch = batch()) {
                for (int text = 0; text < TEXTS[i]; text++) {
                    batch.add(List.of(text(text, OTHER_PROMPT, STEPS + 4)));
                }
                batch.step(); // reads the prompts
                batch.step();
                Stopwatch watch = Stopwatch.start();
                for (int step = 0; step < STEPS; step++) {
                    batch.step();
                }
                found[i] = watch.nanos() / 1e6 / STEPS;
            }
        }
        try (RunningBatch batch = batch()) {
            batch.add(List.of(text(PROMPT, PROMPT, 2)));
            Stopwatch watch = Stopwatch.start();
            batch.step();
            found[TEXTS.length] = watch.nanos() / 1e6;
        }
        return found;
    }

    private RunningBatch batch() {
        return new RunningBatch(
                adapters -> model.lora().routed(Routing.of(ADAPTER)),
                model.decoder(),
                model.manager(),
                new BatchOptions(PROMPT, Long.MAX_VALUE, false));
    }

    private TextRow text(int seed, int length, int newTokens) {
        return PrefillProgram.row(model, ADAPTER, seed, length, newTokens);
    }
}

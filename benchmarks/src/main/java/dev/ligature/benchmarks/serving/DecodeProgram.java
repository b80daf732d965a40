package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RowRouter;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.TextRow;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaConfig;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import dev.ligature.ops.OperatorLookup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * Times a step in which texts get one token each, with the operators of DJL's arrays and with those
 * of the engine's module, which take turns. The model is a Llama with random weights, as it is,
 * with an adapter of all linear layers and the tied embedding, and with one for each text. Prints a
 * row of a table for each number of texts.
 */
public final class DecodeProgram {
    private static final int SEED = 1;
    private static final int LENGTH = 64; // of texts that are equal
    private static final int SHORTEST = 8; // of those that are not
    private static final int VOCABULARY = 6144;
    private static final int POSITIONS = 4096;
    private static final int WARM_UP = 20;

    private final LoraModel model;
    private final LlamaConfig config;
    private final NDManager manager;

    private DecodeProgram(LoraModel model, LlamaConfig config, NDManager manager) {
        this.model = model;
        this.config = config;
        this.manager = manager;
    }

    /**
     * Runs.
     *
     * @param arguments how many steps are timed, and numbers of texts
     */
    public static void main(String[] arguments) {
        int steps = Integer.parseInt(arguments[0]);
        LlamaConfig config =
                LlamaConfig.builder()
                        .setVocabSize(VOCABULARY)
                        .setHiddenSize(320)
                        .setIntermediateSize(800)
                        .setNumHiddenLayers(8)
                        .setNumAttentionHeads(10)
                        .optNumKeyValueHeads(2)
                        .optMaxPositionEmbeddings(POSITIONS)
                        .optTieWordEmbeddings(true)
                        .build();
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLM base = LlamaCheckpoint.create(config, manager, SEED);
            LoraModel model = LlamaForCausalLMLora.wrap(base);
            LoraConfig adapted =
                    LoraConfig.builder()
                            .setTargetModules(
                                    "q_proj",
                                    "k_proj",
                                    "v_proj",
                                    "o_proj",
                                    "gate_proj",
                                    "up_proj",
                                    "down_proj",
                                    "embed_tokens")
                            .optRank(8)
                            .optInit(LoraInit.RANDOM)
                            .optEnsureWeightTying(true)
                            .build();
            int most = 1;
            for (int i = 1; i < arguments.length; i++) {
                most = Math.max(most, Integer.parseInt(arguments[i]));
            }
            for (int i = 0; i < most; i++) {
                model.create(name(i), adapted).setTrainable(false);
            }
            DecodeProgram program = new DecodeProgram(model, config, manager);
            System.out.println("operators: " + OperatorLookup.engine(manager).choice() + "\n");
            System.out.println("| texts | adapter | DJL's arrays | operators | ratio |");
            System.out.println("|---|---|---|---|---|");
            for (int i = 1; i < arguments.length; i++) {
                int texts = Integer.parseInt(arguments[i]);
                for (int adapters : texts == 1 ? new int[] {0, 1} : new int[] {0, 1, texts}) {
                    System.out.println(program.row(texts, false, adapters, steps));
                    if (texts > 1) {
                        System.out.println(program.row(texts, true, adapters, steps));
                    }
                }
            }
            model.unwrap();
        }
    }

    private static String name(int adapter) {
        return "adapter" + adapter;
    }

    /** Returns the block of some texts, by the names of their adapters; empty for the base. */
    private Block block(List<String> adapters) {
        Set<String> names = Set.copyOf(adapters);
        if (names.size() > 1) {
            return model.routed(Routing.rows(adapters));
        }
        String only = adapters.get(0);
        return model.routed(only.isEmpty() ? Routing.none() : Routing.of(only));
    }

    private String row(int texts, boolean mixed, int adapters, int steps) {
        RowRouter router = this::block;
        RowRouter plainly = names -> new PlainBlock(block(names));
        double[][] times = new double[2][steps];
        double[] ratios = new double[steps];
        try (RunningBatch plain = batch(plainly, texts, mixed, adapters);
                RunningBatch fused = batch(router, texts, mixed, adapters)) {
            for (int i = -WARM_UP; i < steps; i++) {
                double first = step(plain);
                double second = step(fused);
                if (i >= 0) {
                    times[0][i] = first;
                    times[1][i] = second;
                    ratios[i] = second / first;
                }
            }
        }
        return String.format(
                Locale.ROOT,
                "| %d of %s | %s | %.2f ms | %.2f ms | %.2f |",
                texts,
                mixed ? SHORTEST + " to " + (LENGTH * 2 - SHORTEST) : LENGTH,
                adapters == 0 ? "no" : adapters == 1 ? "one" : "one each",
                median(times[0]),
                median(times[1]),
                median(ratios));
    }

    private RunningBatch batch(RowRouter router, int texts, boolean mixed, int adapters) {
        RunningBatch batch = new RunningBatch(router, config.decoderShape(), manager);
        List<TextRow> rows = new ArrayList<>();
        for (int i = 0; i < texts; i++) {
            int spread = 2 * (LENGTH - SHORTEST);
            int length = mixed ? SHORTEST + i * spread / (texts - 1) : LENGTH;
            long[] prompt = new Random(i).longs(length, 0, VOCABULARY).toArray();
            GenerationOptions options = GenerationOptions.greedy(POSITIONS - length);
            String adapter = adapters == 0 ? "" : name(i % adapters);
            rows.add(new TextRow(prompt, adapter, options, id -> {}));
        }
        batch.join(rows);
        return batch;
    }

    private static double step(RunningBatch batch) {
        Stopwatch watch = Stopwatch.start();
        batch.step();
        return watch.nanos() / 1e6;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}

package dev.ligature.examples;

import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.TokenWindows;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Trains an adapter while it answers: every few steps, further requests get what it has become. */
public final class TrainAndAnswer {
    private static final long ADAPTER_BYTES = 64L << 20;
    private static final String NAME = "kotlin";

    private TrainAndAnswer() {}

    /**
     * Runs the example.
     *
     * @param args the base model's directory, a text file, and a directory of adapters, which may
     *     be empty
     */
    public static void main(String[] args) throws Exception {
        run(Path.of(args[0]), Files.readString(Path.of(args[1])), Path.of(args[2]), 10)
                .forEach(System.out::println);
    }

    /**
     * Trains in this thread, and answers in another.
     *
     * @param base a Hugging Face directory with its tokenizer
     * @param text what is learned
     * @param adapters the directory of the store
     * @param rounds how often the adapter is published; there are five steps between
     * @return what was answered before each round, and after the last
     */
    static List<String> run(Path base, String text, Path adapters, int rounds)
            throws IOException, InterruptedException, ExecutionException {
        ExecutorService requests = Executors.newSingleThreadExecutor();
        try (PretrainedModel model = PretrainedModel.load(base);
                AdapterStore store =
                        model.openAdapters(
                                adapters, ADAPTER_BYTES, AdapterLoadOptions.defaults())) {
            Adapter adapter =
                    model.lora()
                            .create(
                                    "training",
                                    LoraConfig.builder()
                                            .setTargetModules("q_proj", "v_proj", "o_proj")
                                            .build());
            BatchSampler batches =
                    new BatchSampler(TokenWindows.of(model.tokenizer().encode(text), 32), 4, 0);
            TrainingConfig config = TrainingConfig.builder().optLearningRate(1e-2).build();
            List<String> answers = new ArrayList<>();
            try (TrainingLoop loop =
                    TrainingLoop.over(
                            model.lora().routed(Routing.of(adapter.name())),
                            model.manager(),
                            config)) {
                for (int round = 0; round < rounds; round++) {
                    // A copy: requests see the steps below when it is published again. A request
                    // that has begun by then ends with the adapter that it began with.
                    store.publish(NAME, adapter);
                    Future<String> answer = requests.submit(() -> answer(model, store));
                    for (int step = 0; step < 5; step++) {
                        loop.step(batches);
                    }
                    answers.add(answer.get());
                }
            }
            store.publish(NAME, adapter);
            answers.add(answer(model, store));
            return answers;
        } finally {
            requests.shutdown();
        }
    }

    private static String answer(PretrainedModel model, AdapterStore store) throws IOException {
        long[] prompt = model.tokenizer().encodePrompt("fun twice(");
        try (AdapterLease lease = store.lease(NAME)) {
            long[] added =
                    TextGenerator.of(model, lease.routing())
                            .generate(
                                    List.of(prompt),
                                    GenerationOptions.greedy(8),
                                    TokenListener.NONE)
                            .get(0);
            return model.tokenizer().continuation(prompt, added);
        }
    }
}

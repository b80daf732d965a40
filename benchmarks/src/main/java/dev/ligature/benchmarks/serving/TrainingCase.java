package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.models.embedding.EmbeddingRecipe;
import dev.ligature.models.embedding.InBatchNegatives;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.util.function.ToDoubleBiFunction;

/** Training steps of an adapter on one batch, with AdamW: forward, backward and update. */
final class TrainingCase implements ComparedCase {
    private static final double TEMPERATURE = 0.05;

    private final LoraModel model;
    private final NDManager manager;
    private final TrainingLoop loop;
    private final ToDoubleBiFunction<TrainingLoop, NDManager> step;
    private final int repeat;

    private TrainingCase(
            LoraModel model,
            NDManager manager,
            ToDoubleBiFunction<TrainingLoop, NDManager> step,
            int repeat) {
        this.model = model;
        this.manager = manager;
        this.loop =
                TrainingLoop.over(
                        model.routed(Routing.of("trained")),
                        manager,
                        TrainingConfig.builder().optLearningRate(1e-4).build());
        this.step = step;
        this.repeat = repeat;
    }

    /** Opens steps on token ids, (B, T), each to be predicted from those before it. */
    static Case open(Words words, Bases bases) throws IOException {
        TokenIds ids = TokenIds.of(words);
        return open(words, bases, (loop, scope) -> loop.step(ids.array(scope)).loss());
    }

    /** Opens steps on texts of an encoder, (2B, T): B questions and their answers. */
    static Case contrast(Words words, Bases bases) throws IOException {
        TokenIds ids = TokenIds.of(words);
        InBatchNegatives loss =
                new InBatchNegatives(EmbeddingRecipe.read(words.path("base")), TEMPERATURE);
        return open(
                words,
                bases,
                (loop, scope) -> {
                    NDArray texts = ids.array(scope);
                    NDList inputs = new NDList(texts, texts.onesLike());
                    return loop.step(loss.batch(inputs, ids.batch() / 2)).loss();
                });
    }

    private static Case open(
            Words words, Bases bases, ToDoubleBiFunction<TrainingLoop, NDManager> step)
            throws IOException {
        LoraModel model = Bases.wrap(bases.load(words.path("base")));
        model.load("trained", words.path("adapter"), AdapterLoadOptions.defaults().trainable());
        return new TrainingCase(model, bases.manager(), step, words.number("repeat"));
    }

    @Override
    public long run() throws IOException {
        return Stopwatch.median(
                repeat,
                () -> {
                    Stopwatch watch = Stopwatch.start();
                    step();
                    return watch.nanos();
                });
    }

    private double step() {
        try (NDManager scope = manager.newSubManager()) {
            return step.applyAsDouble(loop, scope);
        }
    }

    /** Returns the loss of the first step. */
    @Override
    public float[] numbers() {
        return new float[] {(float) step()};
    }

    @Override
    public void close() {
        loop.close();
        model.unwrap();
    }
}

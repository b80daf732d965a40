package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDManager;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;

/** Training steps of an adapter on one batch, with AdamW: forward, backward and update. */
final class TrainingCase implements ComparedCase {
    private final LoraModel model;
    private final NDManager manager;
    private final TrainingLoop loop;
    private final TokenIds ids;
    private final int repeat;

    private TrainingCase(LoraModel model, NDManager manager, TokenIds ids, int repeat) {
        this.model = model;
        this.manager = manager;
        this.loop =
                TrainingLoop.over(
                        model.routed(Routing.of("trained")),
                        manager,
                        TrainingConfig.builder().optLearningRate(1e-4).build());
        this.ids = ids;
        this.repeat = repeat;
    }

    static Case open(Words words, Bases bases) throws IOException {
        LoraModel model = Bases.wrap(bases.load(words.path("base")));
        model.load("trained", words.path("adapter"), AdapterLoadOptions.defaults().trainable());
        return new TrainingCase(model, bases.manager(), TokenIds.of(words), words.number("repeat"));
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
            return loop.step(ids.array(scope)).loss();
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

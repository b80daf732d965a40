package dev.ligature.benchmarks.serving;

import dev.ligature.LoraModel;
import dev.ligature.plan.LoraConfig;
import java.io.IOException;

/**
 * Creating an adapter on a model that has {@code resident=} others; removing it again is not timed.
 */
final class CreateCase implements Case {
    private final LoraModel model;
    private final LoraConfig config;
    private final int repeat;

    private CreateCase(LoraModel model, LoraConfig config, int repeat) {
        this.model = model;
        this.config = config;
        this.repeat = repeat;
    }

    static Case open(Words words, Bases bases) throws IOException {
        LoraModel model = Bases.wrap(bases.load(words.path("base")));
        LoraConfig config = Adapters.config(words);
        Adapters.createUpTo(model, words.number("resident"), config);
        return new CreateCase(model, config, words.number("repeat"));
    }

    @Override
    public long run() throws IOException {
        return Stopwatch.median(
                repeat,
                () -> {
                    Stopwatch watch = Stopwatch.start();
                    model.create("one.more", config);
                    long nanos = watch.nanos();
                    model.remove("one.more");
                    return nanos;
                });
    }

    @Override
    public void close() {
        model.unwrap();
    }
}

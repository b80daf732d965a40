package dev.ligature.benchmarks.serving;

import ai.djl.nn.Block;
import dev.ligature.LoraModel;
import dev.ligature.plan.LoraConfig;
import java.io.IOException;

/** Wrapping a loaded model and creating a first adapter; taking both away again is not timed. */
final class AttachCase implements Case {
    private final Block base;
    private final LoraConfig config;
    private final int repeat;

    private AttachCase(Block base, LoraConfig config, int repeat) {
        this.base = base;
        this.config = config;
        this.repeat = repeat;
    }

    static Case open(Words words, Bases bases) throws IOException {
        return new AttachCase(
                bases.load(words.path("base")), Adapters.config(words), words.number("repeat"));
    }

    @Override
    public long run() throws IOException {
        return Stopwatch.median(
                repeat,
                () -> {
                    Stopwatch watch = Stopwatch.start();
                    LoraModel model = Bases.wrap(base);
                    model.create("first", config);
                    long nanos = watch.nanos();
                    model.unwrap();
                    return nanos;
                });
    }

    @Override
    public void close() {}
}

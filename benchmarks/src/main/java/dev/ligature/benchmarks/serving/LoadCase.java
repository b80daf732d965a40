package dev.ligature.benchmarks.serving;

import dev.ligature.LoraModel;
import java.io.IOException;
import java.nio.file.Path;

/** Loading an adapter's directory; removing the adapter again is not timed. */
final class LoadCase implements Case {
    private final LoraModel model;
    private final Path directory;
    private final int repeat;

    private LoadCase(LoraModel model, Path directory, int repeat) {
        this.model = model;
        this.directory = directory;
        this.repeat = repeat;
    }

    static Case open(Words words, Bases bases) throws IOException {
        return new LoadCase(
                bases.wrapped(words.path("base")), words.path("adapter"), words.number("repeat"));
    }

    @Override
    public long run() throws IOException {
        return Stopwatch.median(
                repeat,
                () -> {
                    Stopwatch watch = Stopwatch.start();
                    model.load("loaded", directory);
                    long nanos = watch.nanos();
                    model.remove("loaded");
                    return nanos;
                });
    }

    @Override
    public void close() {}
}

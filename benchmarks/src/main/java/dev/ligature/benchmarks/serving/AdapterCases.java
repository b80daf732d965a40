package dev.ligature.benchmarks.serving;

import ai.djl.nn.Block;
import dev.ligature.LoraModel;
import dev.ligature.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;

/** How long it takes until an adapter is on a model. Taking it away again is not timed. */
final class AdapterCases {
    private AdapterCases() {}

    /** Wraps a model, and creates its first adapter. */
    static Case attach(Words words, Bases bases) throws IOException {
        Block base = bases.load(words.path("base"));
        LoraConfig config = Adapters.config(words);
        return new TimedCase(
                words.number("repeat"),
                () -> {
                    Stopwatch watch = Stopwatch.start();
                    LoraModel model = Bases.wrap(base);
                    model.create("first", config);
                    long nanos = watch.nanos();
                    model.unwrap();
                    return nanos;
                },
                () -> {});
    }

    /** Creates an adapter on a model that has {@code resident=} others. */
    static Case create(Words words, Bases bases) throws IOException {
        LoraModel model = Bases.wrap(bases.load(words.path("base")));
        LoraConfig config = Adapters.config(words);
        Adapters.createUpTo(model, words.number("resident"), config);
        return new TimedCase(
                words.number("repeat"),
                () -> {
                    Stopwatch watch = Stopwatch.start();
                    model.create("one.more", config);
                    long nanos = watch.nanos();
                    model.remove("one.more");
                    return nanos;
                },
                model::unwrap);
    }

    /** Loads an adapter's directory, whose files are in the page cache. */
    static Case load(Words words, Bases bases) throws IOException {
        LoraModel model = bases.wrapped(words.path("base"));
        Path directory = words.path("adapter");
        return new TimedCase(
                words.number("repeat"),
                () -> {
                    Stopwatch watch = Stopwatch.start();
                    model.load("loaded", directory);
                    long nanos = watch.nanos();
                    model.remove("loaded");
                    return nanos;
                },
                () -> {});
    }
}

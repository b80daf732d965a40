package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import java.io.IOException;
import java.util.List;

/**
 * Requests to a model with {@code resident=} adapters, each through the next of {@code distinct=}
 * of them.
 */
final class SwitchCase implements Case {
    private final LoraModel model;
    private final NDManager manager;
    private final ParameterStore store;
    private final List<String> names;
    private final TokenIds ids;
    private final int repeat;
    private int next;

    private SwitchCase(
            LoraModel model, NDManager manager, List<String> names, TokenIds ids, int repeat) {
        this.model = model;
        this.manager = manager;
        this.store = new ParameterStore(manager, false);
        this.names = names;
        this.ids = ids;
        this.repeat = repeat;
    }

    static Case open(Words words, Bases bases) throws IOException {
        LoraModel model = bases.wrapped(words.path("base"));
        Adapters.createUpTo(model, words.number("resident"), Adapters.config(words));
        List<String> names = List.copyOf(model.adapterNames()).subList(0, words.number("distinct"));
        return new SwitchCase(
                model, bases.manager(), names, TokenIds.of(words), words.number("repeat"));
    }

    @Override
    public long run() throws IOException {
        return Stopwatch.median(
                repeat,
                () -> {
                    next = (next + 1) % names.size();
                    Routing routing = Routing.of(names.get(next));
                    Stopwatch watch = Stopwatch.start();
                    try (NDManager scope = manager.newSubManager()) {
                        model.forward(store, new NDList(ids.array(scope)), routing);
                    }
                    return watch.nanos();
                });
    }

    @Override
    public void close() {}
}

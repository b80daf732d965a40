package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Forward passes of one batch of token ids, (B, T).
 *
 * <p>{@code adapters=} none forwards the model as it is without Ligature; one, through it, or with
 * {@code merged=} through its merged view; with {@code rows=} row i of the batch goes through
 * adapter i modulo their number, and with {@code shuffled=} through those in a new order each time.
 */
final class ForwardCase implements ComparedCase {
    private final UnaryOperator<NDList> forward;
    private final Runnable free;
    private final NDManager manager;
    private final TokenIds ids;
    private final int repeat;

    private ForwardCase(
            UnaryOperator<NDList> forward, Runnable free, NDManager manager, Words words) {
        this.forward = forward;
        this.free = free;
        this.manager = manager;
        this.ids = TokenIds.of(words);
        this.repeat = words.number("repeat");
    }

    static Case open(Words words, Bases bases) throws IOException {
        NDManager manager = bases.manager();
        ParameterStore store = new ParameterStore(manager, false);
        List<String> directories = words.list("adapters");
        if (directories.isEmpty()) {
            Block plain = bases.plain(words.path("base"));
            return new ForwardCase(in -> plain.forward(store, in, false), () -> {}, manager, words);
        }
        LoraModel model = bases.wrapped(words.path("base"));
        List<String> names = Adapters.load(model, directories);
        if (words.has("merged")) {
            MergedModel merged = model.merge(Routing.of(names.get(0)));
            return new ForwardCase(
                    in -> merged.forward(store, in, false), merged::close, manager, words);
        }
        int batch = words.number("batch");
        // Made anew for each batch, as a server does.
        List<String> rows = rows(names, batch);
        Random random = new Random(batch);
        Supplier<Routing> routing =
                () -> {
                    if (words.has("shuffled")) {
                        Collections.shuffle(rows, random);
                    }
                    return words.has("rows") ? Routing.rows(rows) : Routing.of(names.get(0));
                };
        return new ForwardCase(
                in -> model.forward(store, in, routing.get()), () -> {}, manager, words);
    }

    private static List<String> rows(List<String> names, int batch) {
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < batch; row++) {
            rows.add(names.get(row % names.size()));
        }
        return rows;
    }

    @Override
    public long run() throws IOException {
        return Stopwatch.median(repeat, this::once);
    }

    private long once() {
        Stopwatch watch = Stopwatch.start();
        try (NDManager scope = manager.newSubManager()) {
            forward.apply(new NDList(ids.array(scope))).close();
        }
        return watch.nanos();
    }

    @Override
    public float[] numbers() {
        try (NDManager scope = manager.newSubManager()) {
            return forward.apply(new NDList(ids.array(scope))).singletonOrThrow().toFloatArray();
        }
    }

    @Override
    public void close() {
        free.run();
    }
}

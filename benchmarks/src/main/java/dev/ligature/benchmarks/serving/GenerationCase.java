package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.block.TextCache;
import dev.ligature.models.block.TextsPass;
import dev.ligature.models.llama.LlamaConfig;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Forward passes over one text, with a cache of all earlier tokens. Times the mean of {@code
 * count=} tokens after a prompt and one token, or with {@code whole=} the prompt. The tokens are
 * given, so that choosing them is not measured.
 */
final class GenerationCase implements ComparedCase {
    private final Block block;
    private final DecoderShape shape;
    private final NDManager manager;
    private final ParameterStore store;
    private final long[] ids;
    private final int prompt;
    private final boolean whole;
    private @Nullable TextCache read; // the prompt's, of the manager

    private GenerationCase(Block block, DecoderShape shape, NDManager manager, Words words) {
        this.block = block;
        this.shape = shape;
        this.manager = manager.newSubManager();
        this.store = new ParameterStore(manager, false);
        this.prompt = words.number("prompt");
        this.whole = words.has("whole");
        int length = prompt + (whole ? 0 : 1 + words.number("count"));
        this.ids = TokenIds.of(1, length, words.number("vocabulary")).range(0, 0, length);
    }

    static Case open(Words words, Bases bases) throws IOException {
        DecoderShape shape = LlamaConfig.read(words.path("base")).decoderShape();
        List<String> directories = words.list("adapters");
        if (directories.isEmpty()) {
            Block plain = bases.plain(words.path("base"));
            return new GenerationCase(plain, shape, bases.manager(), words);
        }
        LoraModel model = bases.wrapped(words.path("base"));
        Routing routing = Routing.of(Adapters.load(model, directories).get(0));
        return new GenerationCase(model.routed(routing), shape, bases.manager(), words);
    }

    @Override
    public long run() {
        try (NDManager text = manager.newSubManager()) {
            Stopwatch watch = Stopwatch.start();
            if (whole) {
                forward(empty(text), 0, prompt);
                return watch.nanos();
            }
            TextCache cache = afterPrompt(text);
            forward(cache, prompt, prompt + 1); // makes room
            watch = Stopwatch.start();
            rest(cache);
            return watch.nanos() / (ids.length - prompt - 1);
        }
    }

    /** Returns the logits of the last token. */
    @Override
    public float[] numbers() {
        try (NDManager text = manager.newSubManager()) {
            if (whole) {
                return forward(empty(text), 0, prompt);
            }
            TextCache cache = afterPrompt(text);
            forward(cache, prompt, prompt + 1);
            return rest(cache);
        }
    }

    /** Returns a copy of the cache of the prompt, which goes through the model once. */
    private TextCache afterPrompt(NDManager text) {
        if (read == null) {
            read = empty(manager);
            forward(read, 0, prompt);
        }
        TextCache cache = empty(text);
        cache.append(read.copy(0, prompt, text));
        return cache;
    }

    private TextCache empty(NDManager owner) {
        return new TextCache(owner, shape.layers(), ids.length);
    }

    private float[] rest(TextCache cache) {
        float[] logits = {};
        for (int i = prompt + 1; i < ids.length; i++) {
            logits = forward(cache, i, i + 1);
        }
        return logits;
    }

    /** Computes some tokens; returns the logits of the last one. */
    private float[] forward(TextCache cache, int from, int to) {
        try (NDManager scope = manager.newSubManager()) {
            long[] tokens = Arrays.copyOfRange(ids, from, to);
            Shape row = new Shape(1, tokens.length); // (1, T)
            NDArray array = scope.create(tokens, row);
            NDArray mask = scope.ones(row, DataType.INT64);
            NDArray positions = scope.arange(from, to, 1, DataType.INT64).reshape(row);
            TextsPass pass = new TextsPass(List.of(cache), new int[] {tokens.length}, false);
            float[] logits =
                    block.forward(store, new NDList(array, mask, positions), false, pass.params())
                            .head()
                            .toFloatArray(); // (1, 1, V)
            cache.advance(tokens.length);
            return logits;
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}

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
import dev.ligature.models.generation.KeyValueCache;
import dev.ligature.models.llama.LlamaConfig;
import java.io.IOException;
import java.util.List;

/**
 * One forward pass for each of {@code count=} tokens of one text, after a prompt and with the cache
 * of all earlier ones. The tokens are given, so that choosing them is not measured.
 */
final class GenerationCase implements ComparedCase {
    private final Block block;
    private final DecoderShape shape;
    private final NDManager manager;
    private final ParameterStore store;
    private final long[] prompt;
    private final long[] tokens;

    private GenerationCase(Block block, DecoderShape shape, NDManager manager, Words words) {
        this.block = block;
        this.shape = shape;
        this.manager = manager;
        this.store = new ParameterStore(manager, false);
        int length = words.number("prompt");
        int count = words.number("count");
        TokenIds text = TokenIds.of(1, length + count, words.number("vocabulary"));
        this.prompt = text.range(0, 0, length);
        this.tokens = text.range(0, length, length + count);
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
            NDList cache = forward(prompt, 0, KeyValueCache.empty(shape, text, 1), text);
            Stopwatch watch = Stopwatch.start();
            for (int i = 0; i < tokens.length; i++) {
                cache = forward(new long[] {tokens[i]}, prompt.length + i, cache, text);
            }
            return watch.nanos() / tokens.length;
        }
    }

    /** Returns the cache after some tokens, in the text's manager. */
    private NDList forward(long[] ids, int past, NDList cache, NDManager text) {
        try (NDManager scope = text.newSubManager()) {
            NDList outputs = block.forward(store, inputs(ids, past, cache, scope), false);
            cache.close();
            NDList longer = outputs.subNDList(1);
            longer.attach(text);
            return longer;
        }
    }

    private static NDList inputs(long[] ids, int past, NDList cache, NDManager scope) {
        int all = past + ids.length;
        NDArray array = scope.create(ids, new Shape(1, ids.length)); // (1, T)
        NDArray mask = scope.ones(new Shape(1, all), DataType.INT64); // (1, P+T)
        NDArray positions =
                scope.arange(past, all, 1, DataType.INT64).reshape(1, ids.length); // (1, T)
        return new NDList(array, mask, positions).addAll(cache);
    }

    /** Returns the logits of the last token. */
    @Override
    public float[] numbers() {
        try (NDManager text = manager.newSubManager()) {
            NDList cache = KeyValueCache.empty(shape, text, 1);
            cache = forward(prompt, 0, cache, text);
            for (int i = 0; i < tokens.length - 1; i++) {
                cache = forward(new long[] {tokens[i]}, prompt.length + i, cache, text);
            }
            int past = prompt.length + tokens.length - 1;
            long[] last = {tokens[tokens.length - 1]};
            NDList outputs = block.forward(store, inputs(last, past, cache, text), false);
            return outputs.get(0).toFloatArray(); // (1, 1, V)
        }
    }

    @Override
    public void close() {}
}

package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.block.TextCache;
import dev.ligature.models.block.TextsPass;
import java.util.ArrayList;
import java.util.List;

/**
 * Forward passes over new tokens of several texts. A block that takes no {@link TextsPass} computes
 * the texts one by one, each with its cache as an input.
 */
final class TextPasses {
    private final RowRouter router;
    private final DecoderShape shape;
    private final ParameterStore parameterStore;
    private boolean oneByOne;

    TextPasses(RowRouter router, DecoderShape shape, NDManager manager) {
        this.router = router;
        this.shape = shape;
        this.parameterStore = new ParameterStore(manager, false);
    }

    /**
     * Computes new tokens, which are in the caches of their texts then. If that fails, the caches
     * are as before.
     *
     * @param texts the texts
     * @param tokens the new tokens of each, at least one
     * @param everyToken whether the logits of all tokens are wanted; of one text only
     * @param scope the owner of what is made
     * @return the logits of the last token of each text, {@code (B, 1, V)}, or of all tokens
     */
    NDArray forward(
            List<SeatedText> texts, List<long[]> tokens, boolean everyToken, NDManager scope) {
        int[] counts = tokens.stream().mapToInt(ids -> ids.length).toArray();
        if (!oneByOne) {
            Block block = router.block(texts.stream().map(text -> text.row().adapter()).toList());
            List<TextCache> caches = texts.stream().map(SeatedText::cache).toList();
            TextsPass pass = new TextsPass(caches, counts, everyToken);
            NDList inputs = inputs(caches, tokens, scope);
            NDArray logits = block.forward(parameterStore, inputs, false, pass.params()).head();
            if (pass.isTaken()) {
                count(texts, counts);
                return logits;
            }
            oneByOne = true;
        }
        NDList logits = new NDList();
        List<Runnable> writes = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            logits.add(alone(texts.get(i), tokens.get(i), everyToken, writes, scope));
        }
        writes.forEach(Runnable::run);
        count(texts, counts);
        return logits.size() == 1 ? logits.get(0) : NDArrays.concat(logits, 0);
    }

    private static void count(List<SeatedText> texts, int[] counts) {
        for (int i = 0; i < counts.length; i++) {
            texts.get(i).cache().advance(counts[i]);
        }
    }

    /** Returns ids, mask and positions, {@code (B, T)} each, padded on the right. */
    private static NDList inputs(List<TextCache> caches, List<long[]> tokens, NDManager scope) {
        int width = tokens.stream().mapToInt(ids -> ids.length).max().orElse(0);
        long[] ids = new long[tokens.size() * width];
        long[] mask = new long[ids.length];
        long[] positions = new long[ids.length];
        for (int row = 0; row < caches.size(); row++) {
            long[] own = tokens.get(row);
            for (int i = 0; i < own.length; i++) {
                int at = row * width + i;
                ids[at] = own[i];
                mask[at] = 1;
                positions[at] = caches.get(row).length() + i;
            }
        }
        Shape of = new Shape(tokens.size(), width);
        return new NDList(
                scope.create(ids, of), scope.create(mask, of), scope.create(positions, of));
    }

    /** Computes a text with its cache as an input, and leaves it to the caller to write to that. */
    private NDArray alone(
            SeatedText text,
            long[] tokens,
            boolean everyToken,
            List<Runnable> writes,
            NDManager scope) {
        TextCache cache = text.cache();
        long past = cache.length();
        NDList inputs = inputs(List.of(cache), List.of(tokens), scope);
        inputs.set(1, scope.ones(new Shape(1, past + tokens.length), DataType.INT64));
        NDList earlier = new NDList();
        for (int layer = 0; layer < shape.layers() && past > 0; layer++) {
            earlier.add(cache.keys(layer, 0, past, scope));
            earlier.add(cache.values(layer, 0, past, scope));
        }
        inputs.addAll(past > 0 ? earlier : KeyValueCache.empty(shape, scope, 1));
        Block block = router.block(List.of(text.row().adapter()));
        NDList outputs = block.forward(parameterStore, inputs, false);
        writes.add(
                () -> {
                    for (int layer = 0; layer < shape.layers(); layer++) {
                        cache.write(
                                layer,
                                behind(outputs.get(1 + 2 * layer), past, 2),
                                behind(outputs.get(2 + 2 * layer), past, 2));
                    }
                });
        NDArray logits = outputs.head(); // (1, t, V)
        return everyToken ? logits : behind(logits, logits.getShape().get(1) - 1, 1);
    }

    private static NDArray behind(NDArray array, long from, int axis) {
        return from == 0 ? array : array.split(new long[] {from}, axis).get(1);
    }
}

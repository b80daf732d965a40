package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.EncoderDecoderShape;
import dev.ligature.models.PretrainedModel;
import java.util.Collections;
import java.util.List;

/**
 * Answers texts with a model whose decoder reads an encoder, such as T5, one token at a time, with
 * a cache of keys and values. The encoder reads each text once.
 *
 * <pre>{@code
 * EncoderDecoderGenerator generator = EncoderDecoderGenerator.of(model, Routing.of("summary"));
 * List<long[]> answers = generator.generate(texts, GenerationOptions.greedy(64), TokenListener.NONE);
 * }</pre>
 *
 * <p>Texts through different adapters are answered together by {@link #byRow}. What an answer
 * becomes does not depend on the other texts.
 */
public final class EncoderDecoderGenerator {
    private static final int PER_LAYER = 4;

    private final RowRouter router;
    private final EncoderDecoderShape shape;
    private final NDManager parent;

    private EncoderDecoderGenerator(RowRouter router, EncoderDecoderShape shape, NDManager parent) {
        this.router = router;
        this.shape = shape;
        this.parent = parent;
    }

    /**
     * Returns a generator for a loaded model.
     *
     * @param model the model
     * @param routing the adapters that all texts go through
     * @throws LoraException if the model is not an encoder with a decoder
     */
    public static EncoderDecoderGenerator of(PretrainedModel model, Routing routing) {
        Block block = model.lora().routed(routing);
        return new EncoderDecoderGenerator(
                adapters -> block, model.encoderDecoder(), model.manager());
    }

    /**
     * Returns a generator whose texts go through an adapter each.
     *
     * @param router for example {@code adapters -> lora.routed(Routing.rows(adapters))}
     * @param shape the model's sizes
     * @param manager the parent of what is made on the way
     */
    public static EncoderDecoderGenerator byRow(
            RowRouter router, EncoderDecoderShape shape, NDManager manager) {
        return new EncoderDecoderGenerator(router, shape, manager);
    }

    /**
     * Answers texts together, each until it meets a stop id or has the most new tokens.
     *
     * @param texts the token ids of each text, at least one each
     * @param options how to go on; the draws of a row have the seed plus its index
     * @param listener is told each new token, stop ids excepted
     * @return the tokens of each answer, without the start token and the stop id
     * @throws LoraException if a text is empty or has an id outside the vocabulary
     */
    public List<long[]> generate(
            List<long[]> texts, GenerationOptions options, TokenListener listener) {
        return generate(texts, Collections.nCopies(texts.size(), ""), options, listener);
    }

    /**
     * Answers texts together, each through an adapter of its own.
     *
     * @param texts the token ids of each text, at least one each
     * @param adapters what the router knows the adapter of each text by
     * @param options how to go on; the draws of a row have the seed plus its index
     * @param listener is told each new token, stop ids excepted
     * @return the tokens of each answer, without the start token and the stop id
     * @throws LoraException if a text is empty or has an id outside the vocabulary
     * @throws IllegalArgumentException if there are not as many adapters as texts
     */
    public List<long[]> generate(
            List<long[]> texts,
            List<String> adapters,
            GenerationOptions options,
            TokenListener listener) {
        List<TextRow> rows = TextRow.of(texts, adapters, options, listener);
        for (int i = 0; i < rows.size(); i++) {
            rows.get(i).check(shape.decoder(), i);
        }
        if (!rows.isEmpty() && options.maxNewTokens() > 0) {
            try (NDManager manager = parent.newSubManager()) {
                answer(rows, router.block(adapters), manager);
            }
        }
        return rows.stream().map(TextRow::tokens).toList();
    }

    private void answer(List<TextRow> rows, Block block, NDManager manager) {
        ParameterStore parameterStore = new ParameterStore(manager, false);
        PromptBatch texts = PromptBatch.of(rows.stream().map(TextRow::prompt).toList());
        NDArray mask = texts.mask(manager); // (B, S)
        NDArray states; // (B, S, d)
        try (NDManager scope = manager.newSubManager()) {
            states =
                    block.forward(parameterStore, new NDList(texts.ids(scope), mask), false)
                            .singletonOrThrow();
            states.attach(manager);
        }
        NDList cache = emptyCache(rows.size(), states.getDataType(), manager);
        while (!rows.stream().allMatch(TextRow::isDone)) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray ids = scope.create(newest(rows), new Shape(rows.size(), 1)); // (B, 1)
                NDList inputs = new NDList(states, mask, ids);
                NDList outputs = block.forward(parameterStore, inputs.addAll(cache), false);
                NDArray logits = outputs.head(); // (B, 1, V)
                logits.attach(scope);
                NDList next = outputs.subNDList(1);
                next.attach(manager);
                cache.stream().filter(array -> !next.contains(array)).forEach(NDArray::close);
                cache = next;
                advance(rows, logits.toType(DataType.FLOAT32, false).toFloatArray());
            }
        }
    }

    private NDList emptyCache(int rows, DataType dataType, NDManager manager) {
        DecoderShape decoder = shape.decoder();
        Shape none = new Shape(rows, decoder.keyValueHeads(), 0, decoder.headSize());
        NDList cache = new NDList();
        for (int i = 0; i < PER_LAYER * decoder.layers(); i++) {
            cache.add(manager.create(none, dataType));
        }
        return cache;
    }

    /** Returns the newest token of each row; one that has ended gets any. */
    private long[] newest(List<TextRow> rows) {
        return rows.stream().mapToLong(row -> row.lastOr(shape.startToken())).toArray();
    }

    private static void advance(List<TextRow> rows, float[] logits) {
        int vocabulary = logits.length / rows.size();
        for (int i = 0; i < rows.size(); i++) {
            if (!rows.get(i).isDone()) {
                rows.get(i).advance(logits, i * vocabulary, vocabulary);
            }
        }
    }
}

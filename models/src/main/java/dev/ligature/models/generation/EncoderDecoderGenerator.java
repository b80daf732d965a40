package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.models.EncoderDecoderShape;
import dev.ligature.models.PretrainedModel;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

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
     * @throws LoraException if a text is empty or has an id outside the vocabulary, or its logits
     *     are not finite
     * @throws IllegalArgumentException if there are not as many adapters as texts
     */
    public List<long[]> generate(
            List<long[]> texts,
            List<String> adapters,
            GenerationOptions options,
            TokenListener listener) {
        long[] start = {shape.startToken()};
        List<TextRow> rows = TextRow.of(texts, adapters, options, listener, text -> start);
        for (int i = 0; i < rows.size(); i++) {
            rows.get(i).check(shape.decoder(), i);
        }
        if (!rows.isEmpty() && options.maxNewTokens() > 0) {
            try (NDManager manager = parent.newSubManager()) {
                answer(rows, manager);
            }
        }
        return TextRow.results(rows);
    }

    private void answer(List<TextRow> texts, NDManager manager) {
        ParameterStore parameterStore = new ParameterStore(manager, false);
        List<TextRow> open = texts;
        NDManager held = manager.newSubManager();
        State state = encoded(texts, parameterStore, held);
        while (!open.isEmpty()) {
            try (NDManager scope = held.newSubManager()) {
                NDArray ids = scope.create(newest(open), new Shape(open.size(), 1)); // (B, 1)
                NDArray logits = state.forward(block(open), parameterStore, ids); // (B, 1, V)
                int[] chosen = NextTokens.choose(open, logits);
                for (int i = 0; i < chosen.length; i++) {
                    open.get(i).advance(chosen[i]);
                }
            }
            int[] going = going(open);
            if (going.length < open.size() && going.length > 0) {
                NDManager fewer = manager.newSubManager();
                state = state.only(going, fewer);
                held.close();
                held = fewer;
            }
            open = IntStream.of(going).mapToObj(open::get).toList();
        }
    }

    /**
     * What the decoder reads besides its tokens.
     *
     * @param states what the encoder made of the texts, {@code (B, S, d)}
     * @param mask their mask, {@code (B, S)}
     * @param cache for each layer keys and values of the decoder's tokens and of the encoder's
     * @param limit the most tokens of an answer, with the start token
     */
    private record State(NDArray states, NDArray mask, KeyValueCache cache, long limit) {
        NDArray forward(Block block, ParameterStore parameterStore, NDArray ids) {
            NDList inputs = new NDList(states, mask, ids);
            NDArray logits = cache.forward(block, parameterStore, inputs, false);
            logits.attach(ids.getManager());
            return logits;
        }

        /** Returns some rows, in arrays of another owner. */
        State only(int[] rows, NDManager owner) {
            NDList selected = new NDList();
            try (NDManager scope = owner.newSubManager()) {
                NDArray index = scope.create(Arrays.stream(rows).asLongStream().toArray());
                for (NDArray array : new NDList(states, mask).addAll(cache.arrays())) {
                    NDArray taken = array.get(scope, new NDIndex("{}", index));
                    taken.attach(owner);
                    selected.add(taken);
                }
            }
            KeyValueCache fewer = new KeyValueCache(selected.subNDList(2), owner, limit);
            return new State(selected.get(0), selected.get(1), fewer, limit);
        }
    }

    private State encoded(List<TextRow> texts, ParameterStore parameterStore, NDManager held) {
        PromptBatch prompts = PromptBatch.of(texts.stream().map(TextRow::prompt).toList());
        NDArray mask = prompts.mask(held); // (B, S)
        try (NDManager scope = held.newSubManager()) {
            NDList inputs = new NDList(prompts.ids(scope), mask);
            NDArray states = block(texts).forward(parameterStore, inputs, false).head();
            states.attach(held); // (B, S, d)
            NDList none =
                    KeyValueCache.empty(
                            shape.decoder(),
                            held,
                            texts.size(),
                            PER_LAYER * shape.decoder().layers(),
                            states.getDataType());
            long limit = 1 + texts.stream().mapToLong(TextRow::most).max().orElse(0);
            return new State(states, mask, new KeyValueCache(none, held, limit), limit);
        }
    }

    private Block block(List<TextRow> rows) {
        return router.block(rows.stream().map(TextRow::adapter).toList());
    }

    private static int[] going(List<TextRow> rows) {
        return IntStream.range(0, rows.size()).filter(i -> !rows.get(i).isDone()).toArray();
    }

    /** Returns the newest token of each row, or the start token. */
    private long[] newest(List<TextRow> rows) {
        return rows.stream().mapToLong(row -> row.lastOr(shape.startToken())).toArray();
    }
}

package dev.ligature.models.generation;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.block.DecoderInputs;
import java.util.Collections;
import java.util.List;

/**
 * Continues texts with a model, one token at a time, with a cache of keys and values.
 *
 * <pre>{@code
 * TextGenerator generator = TextGenerator.of(model, Routing.of("kotlin"));
 * List<long[]> added = generator.generate(prompts, GenerationOptions.greedy(64), TokenListener.NONE);
 * }</pre>
 *
 * <p>Texts through different adapters are continued together by {@link #byRow}.
 */
public final class TextGenerator {
    private final RowRouter router;
    private final DecoderShape shape;
    private final NDManager parent;

    /**
     * Creates a generator.
     *
     * @param block a block with the inputs of {@link DecoderInputs}
     * @param shape the model's sizes
     * @param manager the parent of what is made on the way, all of which is freed again; its device
     *     is the model's
     */
    public TextGenerator(Block block, DecoderShape shape, NDManager manager) {
        this(adapters -> block, shape, manager);
    }

    private TextGenerator(RowRouter router, DecoderShape shape, NDManager manager) {
        this.router = router;
        this.shape = shape;
        this.parent = manager;
    }

    /**
     * Returns a generator for a loaded model.
     *
     * @param model the model
     * @param routing the adapters that all texts go through
     * @throws LoraException if the model is not a decoder
     */
    public static TextGenerator of(PretrainedModel model, Routing routing) {
        return new TextGenerator(model.lora().routed(routing), model.decoder(), model.manager());
    }

    /**
     * Returns a generator whose texts go through an adapter each.
     *
     * @param router for example {@code adapters -> lora.routed(Routing.rows(adapters))}
     * @param shape the model's sizes
     * @param manager the parent of what is made on the way
     */
    public static TextGenerator byRow(RowRouter router, DecoderShape shape, NDManager manager) {
        return new TextGenerator(router, shape, manager);
    }

    /**
     * Continues prompts together, each until it meets a stop id or has the most new tokens.
     *
     * @param prompts the token ids of each prompt, at least one each
     * @param options how to go on
     * @param listener is told each new token, stop ids excepted
     * @return the new tokens of each prompt, without the stop id
     * @throws LoraException if a prompt is empty, has an id outside the vocabulary, or would become
     *     longer than the model's positions
     */
    public List<long[]> generate(
            List<long[]> prompts, GenerationOptions options, TokenListener listener) {
        return generate(prompts, Collections.nCopies(prompts.size(), ""), options, listener);
    }

    /**
     * Continues prompts together, each through an adapter of its own.
     *
     * @param prompts the token ids of each prompt, at least one each
     * @param adapters what the router knows the adapter of each prompt by
     * @param options how to go on; the draws of a row have the seed plus its index
     * @param listener is told each new token, stop ids excepted
     * @return the new tokens of each prompt, without the stop id
     * @throws LoraException if a prompt is empty, has an id outside the vocabulary, or would become
     *     longer than the model's positions, or the logits of a text are not finite
     * @throws IllegalArgumentException if there are not as many adapters as prompts
     */
    public List<long[]> generate(
            List<long[]> prompts,
            List<String> adapters,
            GenerationOptions options,
            TokenListener listener) {
        List<TextRow> rows = TextRow.of(prompts, adapters, options, listener, prompt -> prompt);
        try (RunningBatch batch = new RunningBatch(router, shape, parent)) {
            batch.join(rows);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        return TextRow.results(rows);
    }
}

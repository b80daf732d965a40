package dev.ligature.models.generation;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.LoraException;
import dev.ligature.models.llama.LlamaConfig;
import dev.ligature.models.llama.LlamaForCausalLM;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Continues texts with a model, one token at a time, with a cache of keys and values.
 *
 * <pre>{@code
 * Block block = lora.routed(Routing.of("kotlin"));
 * TextGenerator generator = new TextGenerator(block, model.config(), manager);
 * List<long[]> added = generator.generate(prompts, GenerationOptions.greedy(64), TokenListener.NONE);
 * }</pre>
 *
 * <p>Texts through different adapters are continued together by {@link #byRow}.
 */
public final class TextGenerator {
    private final RowRouter router;
    private final LlamaConfig config;
    private final NDManager parent;

    /**
     * Creates a generator.
     *
     * @param block a {@link LlamaForCausalLM}, or a block that passes on to one
     * @param config the model's configuration
     * @param manager the parent of what is made on the way, all of which is freed again; its device
     *     is the model's
     */
    public TextGenerator(Block block, LlamaConfig config, NDManager manager) {
        this(adapters -> block, config, manager);
    }

    private TextGenerator(RowRouter router, LlamaConfig config, NDManager manager) {
        this.router = router;
        this.config = config;
        this.parent = manager;
    }

    /**
     * Returns a generator whose texts go through an adapter each.
     *
     * @param router for example {@code adapters -> lora.routed(Routing.rows(adapters))}
     * @param config the model's configuration
     * @param manager the parent of what is made on the way
     */
    public static TextGenerator byRow(RowRouter router, LlamaConfig config, NDManager manager) {
        return new TextGenerator(router, config, manager);
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
     *     longer than the model's positions
     * @throws IllegalArgumentException if there are not as many adapters as prompts
     */
    public List<long[]> generate(
            List<long[]> prompts,
            List<String> adapters,
            GenerationOptions options,
            TokenListener listener) {
        if (adapters.size() != prompts.size()) {
            throw new IllegalArgumentException(
                    adapters.size() + " adapters for " + prompts.size() + " prompts");
        }
        List<TextRow> rows =
                IntStream.range(0, prompts.size())
                        .mapToObj(
                                i ->
                                        new TextRow(
                                                prompts.get(i),
                                                adapters.get(i),
                                                options.withSeed(options.seed() + i),
                                                id -> listener.token(i, id)))
                        .toList();
        try (RunningBatch batch = new RunningBatch(router, config, parent)) {
            batch.join(rows);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        return rows.stream().map(TextRow::tokens).toList();
    }
}

package dev.ligature.examples.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.diag.LoraException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Continues texts with a model, one token at a time, with a cache of keys and values.
 *
 * <pre>{@code
 * Block block = lora.routed(Routing.of("kotlin"));
 * TextGenerator generator = new TextGenerator(block, model.config(), manager);
 * List<long[]> added = generator.generate(prompts, GenerationOptions.greedy(64), TokenListener.NONE);
 * }</pre>
 */
public final class TextGenerator {
    private final Block block;
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
        this.block = block;
        this.config = config;
        this.parent = manager;
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
        if (prompts.isEmpty()) {
            return List.of();
        }
        PromptBatch batch = PromptBatch.of(prompts, config);
        checkLength(batch, options);
        Rows rows = new Rows(batch.size(), options, listener);
        try (NDManager manager = parent.newSubManager()) {
            ParameterStore parameterStore = new ParameterStore(manager, false);
            NDList cache = KeyValueCache.empty(config, manager, batch.size());
            NDArray ids = batch.ids(manager); // (B, T)
            for (int step = 0; step < options.maxNewTokens() && !rows.done(); step++) {
                try (NDManager scope = manager.newSubManager()) {
                    ids.attach(scope);
                    NDArray mask = batch.mask(scope, step); // (B, T+step)
                    NDArray positions = positions(mask, ids.getShape().get(1));
                    NDList inputs = new NDList(ids, mask, positions).addAll(cache);
                    NDList outputs = block.forward(parameterStore, inputs, false);
                    cache.close();
                    cache = outputs.subNDList(1);
                    cache.attach(manager);
                    ids =
                            manager.create(
                                    rows.next(last(outputs.get(0))), new Shape(batch.size(), 1));
                }
            }
        }
        return rows.tokens();
    }

    private void checkLength(PromptBatch batch, GenerationOptions options) {
        long longest = (long) batch.width() + options.maxNewTokens();
        if (longest > config.maxPositionEmbeddings()) {
            throw new LoraException(
                    "TextTooLong",
                    "A prompt of "
                            + batch.width()
                            + " tokens and "
                            + options.maxNewTokens()
                            + " new ones are "
                            + longest
                            + ", but the model was made for "
                            + config.maxPositionEmbeddings()
                            + " positions. Shorten the prompt, or ask for fewer tokens.");
        }
    }

    /** Counts positions by the mask, and takes those of the new tokens: {@code (B, T)}. */
    private static NDArray positions(NDArray mask, long tokens) {
        NDArray one = mask.getManager().ones(new Shape(), DataType.INT64);
        NDArray counted = mask.cumSum(1).subi(one); // (B, S)
        long before = mask.getShape().get(1) - tokens;
        return before == 0 ? counted : counted.split(new long[] {before}, 1).get(1);
    }

    /** Returns the logits of each row's last token: B·V numbers. */
    private static float[] last(NDArray logits) {
        long tokens = logits.getShape().get(1); // (B, T, V)
        NDArray last =
                tokens == 1 ? logits : logits.split(new long[] {tokens - 1}, 1).get(1); // (B, 1, V)
        return last.toType(DataType.FLOAT32, false).toFloatArray();
    }

    /** The rows of a batch as they grow. */
    private static final class Rows {
        private final GenerationOptions options;
        private final TokenListener listener;
        private final List<TokenSampler> samplers = new ArrayList<>();
        private final List<List<Long>> tokens = new ArrayList<>();
        private final BitSet stopped = new BitSet();

        Rows(int count, GenerationOptions options, TokenListener listener) {
            this.options = options;
            this.listener = listener;
            for (int i = 0; i < count; i++) {
                samplers.add(new TokenSampler(options.temperature(), options.seed() + i));
                tokens.add(new ArrayList<>());
            }
        }

        boolean done() {
            return stopped.cardinality() == tokens.size();
        }

        /** Chooses a token for each row; a row that has stopped goes on with token 0, unheard. */
        long[] next(float[] logits) {
            long[] chosen = new long[tokens.size()];
            int vocabulary = logits.length / chosen.length;
            for (int row = 0; row < chosen.length; row++) {
                if (stopped.get(row)) {
                    continue;
                }
                int id = samplers.get(row).choose(logits, row * vocabulary, vocabulary);
                if (options.stopIds().contains(id)) {
                    stopped.set(row);
                } else {
                    chosen[row] = id;
                    tokens.get(row).add((long) id);
                    listener.token(row, id);
                }
            }
            return chosen;
        }

        List<long[]> tokens() {
            return tokens.stream()
                    .map(row -> row.stream().mapToLong(Long::longValue).toArray())
                    .toList();
        }
    }
}

package dev.ligature.models.generation;

import dev.ligature.LoraException;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.internal.ModelMessage;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * One text that grows in a {@link RunningBatch}: a prompt, the adapter it goes through, and how.
 */
public final class TextRow {
    private final long[] prompt;
    private final String adapter;
    private final GenerationOptions options;
    private final LongConsumer listener;
    private final TokenSampler sampler;
    private final long[] tokens;
    private int count;
    private boolean stopped;

    /**
     * Creates a text without new tokens.
     *
     * @param prompt the token ids, at least one
     * @param adapter what a {@link RowRouter} knows the adapter by
     * @param options how to go on
     * @param listener is told each new token, stop ids excepted, by the thread that runs the batch
     */
    public TextRow(
            long[] prompt, String adapter, GenerationOptions options, LongConsumer listener) {
        this.prompt = prompt.clone();
        this.adapter = adapter;
        this.options = options;
        this.listener = listener;
        this.sampler = new TokenSampler(options.temperature(), options.seed());
        this.tokens = new long[options.maxNewTokens()];
    }

    /** Returns the rows of texts; the draws of each have the seed plus its index. */
    static List<TextRow> of(
            List<long[]> prompts,
            List<String> adapters,
            GenerationOptions options,
            TokenListener listener) {
        if (adapters.size() != prompts.size()) {
            throw new IllegalArgumentException(
                    adapters.size() + " adapters for " + prompts.size() + " prompts");
        }
        return IntStream.range(0, prompts.size())
                .mapToObj(
                        i ->
                                new TextRow(
                                        prompts.get(i),
                                        adapters.get(i),
                                        options.withSeed(options.seed() + i),
                                        id -> listener.token(i, id)))
                .toList();
    }

    /** Returns the prompt's token ids. */
    public long[] prompt() {
        return prompt.clone();
    }

    /** Returns the new tokens so far, without the stop id. */
    public long[] tokens() {
        return Arrays.copyOf(tokens, count);
    }

    /** Returns whether a stop id ended the text. */
    public boolean isStopped() {
        return stopped;
    }

    /** Returns whether the text has ended, by a stop id or by its length. */
    public boolean isDone() {
        return stopped || count == tokens.length;
    }

    String adapter() {
        return adapter;
    }

    /** Returns the newest token, which the next forward pass is given. */
    long last() {
        return tokens[count - 1];
    }

    /** Returns the newest token, or another one where there is none yet. */
    long lastOr(long first) {
        return count == 0 ? first : last();
    }

    /**
     * Checks that the model can take the text.
     *
     * @param place the row's place among those that are checked, for the message
     * @throws LoraException if the prompt is empty, has an id outside the vocabulary, or would
     *     become longer than the model's positions
     */
    void check(DecoderShape shape, int place) {
        shape.checkTokenIds(prompt);
        if (prompt.length == 0) {
            throw ModelMessage.EMPTY_PROMPT.error(place);
        }
        if (longest() > shape.maxPositions()) {
            throw ModelMessage.TEXT_TOO_LONG.error(
                    prompt.length, options.maxNewTokens(), longest(), shape.maxPositions());
        }
    }

    /** Returns the most tokens that are added to the prompt. */
    long most() {
        return tokens.length;
    }

    /** Returns the tokens of the text when it ends by its length, with those of the prompt. */
    long longest() {
        return prompt.length + most();
    }

    /** Returns whether the likeliest token is always taken. */
    boolean isGreedy() {
        return options.temperature() == 0;
    }

    /** Returns a token chosen by its logits, which begin at a place. */
    int choose(float[] logits, int from, int vocabulary) {
        return sampler.choose(logits, from, vocabulary);
    }

    /** Goes on with a token. */
    void advance(int id) {
        if (options.stopIds().contains(id)) {
            stopped = true;
        } else {
            tokens[count++] = id;
            listener.accept(id);
        }
    }
}

package dev.ligature.models.generation;

import dev.ligature.LoraException;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.internal.ModelMessage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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
    private final List<TokenScore> scores = new ArrayList<>();
    private List<TokenScore> promptScores = List.of();
    private long keptTokens;
    private int count;
    private boolean stopped;
    private @Nullable LoraException failure;

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
        this(prompt, adapter, options, listener, prompt);
    }

    private TextRow(
            long[] prompt,
            String adapter,
            GenerationOptions options,
            LongConsumer listener,
            long[] seen) {
        this.prompt = prompt.clone();
        this.adapter = adapter;
        this.options = options;
        this.listener = listener;
        this.sampler = new TokenSampler(options, seen);
        this.tokens = new long[options.maxNewTokens()];
    }

    /**
     * Returns the rows of texts; the draws of each have the seed plus its index.
     *
     * @param seen gives the tokens of a text that penalties count as seen
     */
    static List<TextRow> of(
            List<long[]> prompts,
            List<String> adapters,
            GenerationOptions options,
            TokenListener listener,
            UnaryOperator<long[]> seen) {
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
                                        id -> listener.token(i, id),
                                        seen.apply(prompts.get(i))))
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

    /** Returns the scores of the new tokens so far, if they are kept. */
    public List<TokenScore> scores() {
        return Collections.unmodifiableList(scores);
    }

    /** Returns the scores of the prompt's tokens, if they are kept, once the text has joined. */
    public List<TokenScore> promptScores() {
        return promptScores;
    }

    /** Returns how many of the prompt's tokens were taken from kept prefixes so far. */
    public long keptTokens() {
        return keptTokens;
    }

    /** Returns whether a stop id ended the text. */
    public boolean isStopped() {
        return stopped;
    }

    /** Returns why the text cannot go on: its logits are not finite. */
    public Optional<LoraException> failure() {
        return Optional.ofNullable(failure);
    }

    /** Returns whether the text has ended, by a stop id, by its length or by a failure. */
    public boolean isDone() {
        return stopped || count == tokens.length || failure != null;
    }

    /** Returns the new tokens of texts, or throws what one of them failed by. */
    static List<long[]> results(List<TextRow> rows) {
        for (TextRow row : rows) {
            if (row.failure != null) {
                throw row.failure;
            }
        }
        return rows.stream().map(TextRow::tokens).toList();
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
        shape.checkTokenIds(
                options.sampling().logitBias().keySet().stream()
                        .mapToLong(Integer::longValue)
                        .toArray());
        if (prompt.length == 0) {
            throw ModelMessage.EMPTY_PROMPT.error(place);
        }
        if (longest() > shape.maxPositions()) {
            throw ModelMessage.TEXT_TOO_LONG.error(
                    prompt.length, options.maxNewTokens(), longest(), shape.maxPositions());
        }
    }

    /**
     * Checks that a cache has room for the text.
     *
     * @throws LoraException if not even all of it would be enough
     */
    void checkRoom(BatchOptions room) {
        if (!room.fits(longest())) {
            throw ModelMessage.TEXT_EXCEEDS_CACHE.error(
                    prompt.length, most(), longest(), room.cacheTokens());
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

    /** Returns whether the next token is the likeliest by the logits as they are. */
    boolean isGreedy() {
        return sampler.isGreedy();
    }

    TokenSampler sampler() {
        return sampler;
    }

    /** Ends the text, because no token can be chosen by its logits. */
    void fail(float largest) {
        String through = adapter.isEmpty() ? "the model" : "adapter '" + adapter + "'";
        failure = ModelMessage.LOGITS_NOT_FINITE.error(count, through, largest);
    }

    /** Returns which scores are kept. */
    Scores kept() {
        return options.scores();
    }

    /** Counts tokens of the prompt that were taken from kept prefixes. */
    void tookKept(long more) {
        keptTokens += more;
    }

    /** Takes the scores of the prompt's tokens from the second on. */
    void scorePrompt(List<TokenScore> fromSecond) {
        List<TokenScore> all = new ArrayList<>();
        all.add(new TokenScore(prompt[0], Double.NaN, Map.of()));
        all.addAll(fromSecond);
        promptScores = List.copyOf(all);
    }

    /** Takes the score of the token that the text goes on with. */
    void score(TokenScore score) {
        scores.add(score);
    }

    /** Goes on with a token; its score is there already. */
    void advance(int id) {
        if (failure != null) {
            return;
        }
        if (options.stopIds().contains(id)) {
            stopped = true;
            if (kept().ofNewTokens()) {
                scores.remove(scores.size() - 1);
            }
        } else {
            tokens[count++] = id;
            sampler.took(id);
            listener.accept(id);
        }
    }
}

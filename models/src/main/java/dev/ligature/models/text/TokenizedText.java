package dev.ligature.models.text;

import ai.djl.huggingface.tokenizers.Encoding;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A text, or a pair of texts, as tokens, with what the tokenizer puts around them.
 *
 * <p>A text that is too long is cut as the tokenizers of Hugging Face do by {@code longest_first}:
 * its last tokens go, and what is put around it stays.
 */
public final class TokenizedText {
    private static final int FIRST = 0;

    private final long[] ids;
    private final long[] types;
    private final long[] words;
    private final long[] special; // 1 where the tokenizer has put a token
    private final long[] sequences; // 0 in the first text and 1 in the second

    private TokenizedText(
            long[] ids, long[] types, long[] words, long[] special, long[] sequences) {
        this.ids = ids;
        this.types = types;
        this.words = words;
        this.special = special;
        this.sequences = sequences;
    }

    static TokenizedText of(Encoding encoding) {
        return new TokenizedText(
                encoding.getIds(),
                encoding.getTypeIds(),
                encoding.getWordIds(),
                encoding.getSpecialTokenMask(),
                encoding.getSequenceIds());
    }

    /**
     * Returns a text whose tokens are known already.
     *
     * @param ids the token ids, with what the tokenizer would put around the text
     */
    public static TokenizedText of(long[] ids) {
        long[] none = new long[ids.length];
        Arrays.fill(none, -1);
        return new TokenizedText(
                ids, new long[ids.length], none, new long[ids.length], new long[ids.length]);
    }

    /** Returns the token ids; not a copy. */
    public long[] ids() {
        return ids;
    }

    /** Returns the type of each token: 0 in a text, 1 in the second one of a pair; not a copy. */
    public long[] types() {
        return types;
    }

    /** Returns the index of each token's word, −1 where it has none; not a copy. */
    public long[] words() {
        return words;
    }

    /** Returns the number of tokens. */
    public int length() {
        return ids.length;
    }

    /** Returns whether the tokenizer has put the token, which is none of the text. */
    public boolean isSpecial(int token) {
        return special[token] == 1;
    }

    /**
     * Returns the text cut to a number of tokens, or the text itself if it has no more.
     *
     * @param most the most tokens, with those that the tokenizer puts
     */
    public TokenizedText cut(int most) {
        if (ids.length <= most) {
            return this;
        }
        int first = count(true);
        int second = count(false);
        int room = Math.max(0, most - (ids.length - first - second));
        int shorter = Math.min(first, second);
        int longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
        if (shorter + longer > room) {
            shorter = room / 2;
            longer = room - shorter;
        }
        int keptFirst = second == 0 ? room : first > second ? longer : shorter;
        int keptSecond = first > second ? shorter : longer;
        int[] kept = new int[ids.length];
        int size = 0;
        int seenFirst = 0;
        int seenSecond = 0;
        for (int token = 0; token < ids.length; token++) {
            boolean keep =
                    isSpecial(token)
                            || (sequences[token] == FIRST
                                    ? seenFirst++ < keptFirst
                                    : seenSecond++ < keptSecond);
            if (keep) {
                kept[size++] = token;
            }
        }
        int[] tokens = Arrays.copyOf(kept, size);
        return new TokenizedText(
                pick(ids, tokens),
                pick(types, tokens),
                pick(words, tokens),
                pick(special, tokens),
                pick(sequences, tokens));
    }

    private int count(boolean first) {
        return (int)
                IntStream.range(0, ids.length)
                        .filter(token -> !isSpecial(token))
                        .filter(token -> (sequences[token] == FIRST) == first)
                        .count();
    }

    private static long[] pick(long[] values, int[] tokens) {
        return Arrays.stream(tokens).mapToLong(token -> values[token]).toArray();
    }
}

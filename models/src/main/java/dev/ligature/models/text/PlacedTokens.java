package dev.ligature.models.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.util.BitSet;

/** A text as tokens alone, and the characters that each is made of. */
public final class PlacedTokens {
    private final long[] ids;
    private final int[] begins;
    private final int[] ends;

    private PlacedTokens(long[] ids, int[] begins, int[] ends) {
        this.ids = ids;
        this.begins = begins;
        this.ends = ends;
    }

    static PlacedTokens of(Encoding encoding, String text) {
        int[] places = text.codePoints().map(Character::charCount).toArray();
        int[] at = new int[places.length + 1]; // of code points, which tokens count by
        for (int i = 0; i < places.length; i++) {
            at[i + 1] = at[i] + places[i];
        }
        CharSpan[] spans = encoding.getCharTokenSpans();
        int[] begins = new int[spans.length];
        int[] ends = new int[spans.length];
        for (int i = 0; i < spans.length; i++) {
            ends[i] = at[spans[i].getEnd()];
            // Some tokenizers say of a token of blanks alone that it has no character.
            boolean empty = spans[i].getStart() == spans[i].getEnd() && i > 0;
            begins[i] = empty ? Math.min(ends[i], ends[i - 1]) : at[spans[i].getStart()];
        }
        return new PlacedTokens(encoding.getIds(), begins, ends);
    }

    /** Returns the token ids; not a copy. */
    public long[] ids() {
        return ids;
    }

    /**
     * Adds the tokens of a part of the text, with those that have characters of it and others.
     *
     * @param from the index of the part's first character
     * @param to the index behind its last one
     * @param tokens what the indexes of the tokens are added to
     */
    public void within(int from, int to, BitSet tokens) {
        int first = 0;
        while (first < ids.length && ends[first] <= from) {
            first++;
        }
        int last = ids.length;
        while (last > first && begins[last - 1] >= to) {
            last--;
        }
        tokens.set(first, last);
    }
}

package dev.ligature.models.text;

import java.util.Arrays;

/**
 * The text that a growing list of tokens adds to a prompt, given out as soon as it is certain.
 *
 * <p>All pieces together are what the text of the prompt and the tokens has beyond the text of the
 * prompt. That is not the text of the tokens alone, and less so that of each: a character may be
 * made of several tokens, bytes that do not form characters change their neighbours, some
 * tokenizers leave out the blank that a text begins with, and others clean up blanks afterwards.
 */
public final class TextStream {
    private static final char UNFINISHED = '\uFFFD';

    private final TextTokenizer tokenizer;
    private final String prompt;
    private final StringBuilder text = new StringBuilder(); // of the settled tokens, not cleaned
    private long[] ids;
    private int count;
    private int first; // decoding starts here, one piece before what is new
    private int settled; // the tokens whose text no later token changes
    private int given = -1; // the characters of the clean text that were given out; -1 is unknown

    /**
     * Creates the stream of a text that begins with nothing.
     *
     * @param tokenizer gives the tokens' text
     */
    public TextStream(TextTokenizer tokenizer) {
        this(tokenizer, new long[0]);
    }

    /**
     * Creates the stream of a text that continues a prompt.
     *
     * @param tokenizer gives the tokens' text
     * @param prompt the prompt's token ids
     */
    public TextStream(TextTokenizer tokenizer, long[] prompt) {
        this.tokenizer = tokenizer;
        this.prompt = tokenizer.decode(prompt);
        this.ids = Arrays.copyOf(prompt, prompt.length + 64);
        this.count = prompt.length;
        settle(tokenizer.settled(ids, count), false);
    }

    /**
     * Adds a token and returns the text that has become certain; it may be empty.
     *
     * @param id the token
     */
    public String add(long id) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, 2 * count);
        }
        ids[count++] = id;
        settle(tokenizer.settled(ids, count), false);
        return fresh(false);
    }

    /** Returns the text that is left, with U+FFFD for what never became a character. */
    public String finish() {
        settle(count, true);
        return fresh(true);
    }

    /** Appends the text of the tokens up to an end, unless that is in the middle of a character. */
    private void settle(int end, boolean last) {
        if (end <= settled) {
            return;
        }
        String window = raw(end);
        if (!last && !window.isEmpty() && window.charAt(window.length() - 1) == UNFINISHED) {
            return;
        }
        int known = raw(settled).length();
        if (window.length() > known) {
            text.append(window, known, window.length());
            first = settled; // tokens without text are no beginning: the next blank would go
        }
        settled = end;
    }

    private String raw(int end) {
        return tokenizer.decodeRaw(Arrays.copyOfRange(ids, first, end));
    }

    private String fresh(boolean last) {
        CharSequence all = tokenizer.cleanUp(text);
        int certain = last ? all.length() : certain(all);
        if (given < 0) {
            int common = TextTokenizer.common(prompt, all, certain);
            if (common == certain && !last) {
                return ""; // the prompt's own text, so far
            }
            given = common;
        }
        if (certain <= given) {
            return "";
        }
        String fresh = all.subSequence(given, certain).toString();
        given = certain;
        return fresh;
    }

    private int certain(CharSequence all) {
        int end = Math.max(0, all.length() - tokenizer.uncertain());
        boolean inside =
                end > 0 && end < all.length() && Character.isHighSurrogate(all.charAt(end - 1));
        return inside ? end - 1 : end;
    }
}

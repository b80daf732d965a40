package dev.ligature.models.text;

import java.util.ArrayList;
import java.util.List;

/**
 * The text of a growing list of tokens, given out as soon as it is certain.
 *
 * <p>A character may be made of several tokens, and a token's text may depend on the one before it,
 * so the text of each token alone is not the text of all.
 */
public final class TextStream {
    private static final char UNFINISHED = '\uFFFD';

    private final TextTokenizer tokenizer;
    private final List<Long> ids = new ArrayList<>();
    private int first; // decoding starts here, one piece before what is new
    private int given; // the tokens whose text was given out

    /**
     * Creates an empty text.
     *
     * @param tokenizer gives the tokens' text
     */
    public TextStream(TextTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Adds a token and returns the text that has become certain; it may be empty.
     *
     * @param id the token
     */
    public String add(long id) {
        ids.add(id);
        String text = text(first, ids.size());
        if (!text.isEmpty() && text.charAt(text.length() - 1) == UNFINISHED) {
            return "";
        }
        return give(text);
    }

    /** Returns the text that is left, with U+FFFD for what never became a character. */
    public String finish() {
        return give(text(first, ids.size()));
    }

    private String give(String text) {
        String known = text(first, given);
        String fresh = text.substring(Math.min(known.length(), text.length()));
        first = given;
        given = ids.size();
        return fresh;
    }

    private String text(int from, int to) {
        return tokenizer.decode(
                ids.subList(from, to).stream().mapToLong(Long::longValue).toArray());
    }
}

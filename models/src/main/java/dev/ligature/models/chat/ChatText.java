package dev.ligature.models.chat;

import java.util.List;

/**
 * A rendered conversation. It holds the tokens that begin and end a text, so encode it without more
 * of them.
 *
 * @param text the text
 * @param generated the parts that the template marks as the model's own ({@code generation}
 *     blocks); empty where it marks none
 */
public record ChatText(String text, List<Part> generated) {
    /** Copies the list. */
    public ChatText {
        generated = List.copyOf(generated);
    }

    /**
     * A part of the text.
     *
     * @param begin the index of its first character
     * @param end the index behind its last character
     */
    public record Part(int begin, int end) {}
}

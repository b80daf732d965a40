package dev.ligature.models;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The token ids that mean something to generation.
 *
 * @param begin the id that starts a text; null if there is none
 * @param pad the id of padding; null if there is none
 * @param stops the ids that end a text; may be empty
 */
public record SpecialTokens(@Nullable Integer begin, @Nullable Integer pad, List<Integer> stops) {
    /** Copies the list. */
    public SpecialTokens {
        stops = List.copyOf(stops);
    }

    /** Returns special tokens without any. */
    public static SpecialTokens none() {
        return new SpecialTokens(null, null, List.of());
    }
}

package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.models.text.Document;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is a pair, and what is not. */
final class ApiPairTest {
    private static final String SOURCE =
            """
            /**
             * A class of helpers for texts. It is no method.
             */
            public final class Texts<T> {
                /** How often a text may repeat at most. */
                static final int MOST = 3;

                /**
                 * Returns the {@code text} as often as <em>n</em> &lt;= {@link Texts#MOST} says.
                 * And more.
                 *
                 * @param text the text
                 */
                @CanIgnoreReturnValue
                @SuppressWarnings({"a", "b(c)"})
                public static <T extends Comparable<? super T>> List<T> repeat(
                        final @Nullable String text, int n) throws IOException {
                    return new ArrayList<>();
                }

                /** Returns the same text twice as often. */
                public String repeat(int n) { return ""; }

                /** Says whether there is nothing left */
                boolean isEmpty();

                /** Hides a secret from all callers. */
                private void hide() {}

                /** Too short. */
                void close() {}

                /** Says whether there is nothing left */
                boolean isDone();
            }
            """;

    @Test
    void aMethodsFirstSentence_isTheQuestion_andItsSignatureTheAnswer() {
        assertEquals(
                List.of(
                        new ApiPair(
                                "Returns the text as often as n <= MOST says.",
                                "Texts.repeat(String text, int n) : List<T>"),
                        new ApiPair(
                                "Says whether there is nothing left", "Texts.isEmpty() : boolean")),
                ApiPair.of(List.of(new Document("org/example/Texts.java", SOURCE))));
    }

    @Test
    void anUnfinishedComment_isNoPair() {
        assertEquals(
                List.of(),
                ApiPair.of(
                        List.of(new Document("A.java", "class A { /** Says what it is not done"))));
    }
}

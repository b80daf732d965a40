package dev.ligature.models.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes tokens of a text of any length in bounded memory: the native tokenizer needs some 270 bytes
 * for each byte of a text.
 *
 * <p>A long text is encoded in pieces that overlap. Tokens at the edges of a piece may differ from
 * those of the whole text (a word may be cut, a normalizer may put a blank before a text), those
 * further inside do not. So two pieces are joined inside their overlap, in the middle of a run of
 * tokens that are the same in both, at the same places.
 */
final class LongText {
    /** The characters of a piece. */
    static final int PIECE = 1 << 16;

    /** The characters that a piece has in common with the next one. */
    static final int OVERLAP = 1 << 12;

    /** How many tokens in a row must be the same in both pieces, where they are joined. */
    private static final int RUN = 64;

    private final HuggingFaceTokenizer tokenizer;
    private final String text;
    private final IntConsumer sink;

    private LongText(HuggingFaceTokenizer tokenizer, String text, IntConsumer sink) {
        this.tokenizer = tokenizer;
        this.text = text;
        this.sink = sink;
    }

    /**
     * Hands the tokens of a text to a consumer, without special tokens around it.
     *
     * @throws InterruptedIOException if the thread is interrupted, for this may take a while
     */
    static void encode(HuggingFaceTokenizer tokenizer, String text, IntConsumer sink)
            throws InterruptedIOException {
        new LongText(tokenizer, text, sink).run();
    }

    private void run() throws InterruptedIOException {
        Piece piece = piece(0, 0, PIECE);
        int from = 0; // the first token of the piece that is not given out yet
        while (piece.end < text.length()) {
            Piece next = piece(characterAt(piece.end - OVERLAP), piece, PIECE);
            Join join = join(piece, from, next);
            if (join == null) { // no place to join them: one larger piece for both
                piece = piece(piece.start, piece.place, 2 * (piece.end - piece.start));
                continue; // what is given out of it is the same: it lies far from the end
            }
            give(piece, from, join.left);
            piece = next;
            from = join.right;
        }
        give(piece, from, piece.count());
    }

    private void give(Piece piece, int from, int to) {
        for (int i = from; i < to; i++) {
            sink.accept((int) piece.tokens.get(i).id);
        }
    }

    /** Where two pieces are joined: before the token left of the one, and right of the other. */
    private record Join(int left, int right) {}

    /** A token and its place, in code points of the whole text. */
    private record Token(long id, int start, int end) {}

    /** Part of the text; its tokens; and where it starts, in code points of the whole text. */
    private record Piece(int start, int end, int place, List<Token> tokens) {
        int count() {
            return tokens.size();
        }
    }

    private Piece piece(int start, Piece before, int length) throws InterruptedIOException {
        return piece(start, before.place + text.codePointCount(before.start, start), length);
    }

    private Piece piece(int start, int place, int length) throws InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted while text was read");
        }
        int end = length > text.length() - start ? text.length() : characterAt(start + length);
        Encoding encoding = tokenizer.encode(text.substring(start, end), false, false);
        long[] ids = encoding.getIds();
        CharSpan[] spans = encoding.getCharTokenSpans();
        List<Token> tokens = new ArrayList<>(ids.length);
        for (int i = 0; i < ids.length; i++) {
            tokens.add(new Token(ids[i], place + spans[i].getStart(), place + spans[i].getEnd()));
        }
        return new Piece(start, end, place, tokens);
    }

    /** Returns the place, or the one before if that is in the middle of a surrogate pair. */
    private int characterAt(int index) {
        boolean inside = index > 0 && Character.isLowSurrogate(text.charAt(index));
        return inside ? index - 1 : index;
    }

    /** Finds the last run of tokens that both pieces have, and returns its middle. */
    private static @Nullable Join join(Piece left, int from, Piece right) {
        Map<Token, Integer> places = new HashMap<>();
        for (int i = 0; i < right.count(); i++) {
            places.putIfAbsent(right.tokens.get(i), i);
        }
        for (int i = left.count() - RUN; i >= from; i--) {
            Integer place = places.get(left.tokens.get(i));
            if (place != null
                    && place + RUN <= right.count()
                    && left.tokens
                            .subList(i, i + RUN)
                            .equals(right.tokens.subList(place, place + RUN))) {
                return new Join(i + RUN / 2, place + RUN / 2);
            }
        }
        return null;
    }
}

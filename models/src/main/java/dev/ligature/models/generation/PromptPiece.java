package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prompts, or parts of them, that one pass reads together.
 *
 * @param texts the texts
 * @param tokens the next tokens of each
 * @param starts where they stand
 */
record PromptPiece(List<SeatedText> texts, List<long[]> tokens, List<Long> starts) {
    private static final int SCORED_AT_ONCE = 64; // tokens

    /**
     * Returns the next piece of some prompts: of the first, and of those after it with which it
     * stays within a size.
     *
     * @param reading prompts that are not read to their ends
     * @param most the most tokens, padding included
     */
    static PromptPiece next(Collection<SeatedText> reading, int most) {
        List<SeatedText> texts = new ArrayList<>();
        int width = 0;
        for (SeatedText text : reading) {
            boolean alone = !texts.isEmpty() && (text.isScored() || texts.get(0).isScored());
            if (!alone) {
                text.extend();
                int wider = Math.max(width, Math.min(text.unread(), most));
                if (texts.isEmpty() || (texts.size() + 1L) * wider <= most) {
                    texts.add(text);
                    width = wider;
                }
            }
        }
        int size = width;
        return new PromptPiece(
                texts,
                texts.stream().map(text -> text.piece(Math.min(text.unread(), size))).toList(),
                texts.stream().map(text -> text.cache().length()).toList());
    }

    /** Returns the part of a piece that is one text's. */
    PromptPiece only(int index) {
        return new PromptPiece(
                List.of(texts.get(index)), List.of(tokens.get(index)), List.of(starts.get(index)));
    }

    /** Makes the texts what they were before the piece was read. */
    void rewind() {
        for (int i = 0; i < texts.size(); i++) {
            texts.get(i).cache().rewind(starts.get(i));
        }
    }

    /**
     * Reads the piece.
     *
     * @return the first token of each text whose prompt is read to its end, if it is to have one
     */
    Map<SeatedText, Integer> read(TextPasses passes, NDManager parent) {
        boolean scored = texts.get(0).isScored();
        try (NDManager scope = parent.newSubManager()) {
            NDArray logits = passes.forward(texts, tokens, scored, scope);
            if (scored) {
                score(logits, scope);
            }
            return first(logits, scope);
        }
    }

    private Map<SeatedText, Integer> first(NDArray logits, NDManager scope) {
        Map<SeatedText, Integer> first = new LinkedHashMap<>();
        List<Long> places = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            SeatedText text = texts.get(i);
            if (text.unread() == 0 && !text.row().isDone()) {
                first.put(text, 0);
                places.add((long) i);
            }
        }
        if (first.isEmpty()) {
            return first;
        }
        NDArray wanted = logits;
        if (places.size() < texts.size()) {
            long[] index = places.stream().mapToLong(Long::longValue).toArray();
            wanted = logits.get(scope, new NDIndex("{}", scope.create(index))); // (b, 1, V)
        }
        int[] chosen =
                NextTokens.choose(first.keySet().stream().map(SeatedText::row).toList(), wanted);
        int at = 0;
        for (Map.Entry<SeatedText, Integer> each : first.entrySet()) {
            each.setValue(chosen[at++]);
        }
        return first;
    }

    /** Takes the scores of the tokens that follow those of the piece, from its logits (1, T, V). */
    private void score(NDArray logits, NDManager scope) {
        SeatedText text = texts.get(0);
        int start = Math.toIntExact(starts.get(0));
        int length = tokens.get(0).length - (text.unread() == 0 ? 1 : 0);
        List<TokenScore> scores = new ArrayList<>();
        for (int from = 0; from < length; from += SCORED_AT_ONCE) {
            int to = Math.min(from + SCORED_AT_ONCE, length);
            try (NDManager part = scope.newSubManager()) {
                NDArray some = logits.get(part, new NDIndex("0,{}:{}", from, to)); // (t, V)
                NDArray wide = some.toType(DataType.FLOAT32, false);
                wide.attach(part);
                long[] next = text.next(start + from, start + to);
                scores.addAll(TokenScore.of(next, wide, text.row().kept().likeliest()));
            }
        }
        text.score(scores);
    }
}

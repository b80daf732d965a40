package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Puts the texts of a batch behind each other into few rows. No token sees one of another text, and
 * positions begin anew with each text, so the loss is that of the texts in rows of their own.
 *
 * <p>Rows are filled by best-fit decreasing: the longest text first, each into the row that it
 * leaves the least room in.
 */
final class PackedRows {
    private final int room;
    private final List<List<CausalRow>> rows = new ArrayList<>();
    private final List<Integer> lengths = new ArrayList<>();

    /**
     * Packs texts.
     *
     * @param texts the texts
     * @param room the most tokens of a row, which no text has more of
     */
    PackedRows(List<CausalRow> texts, int room) {
        this.room = room;
        texts.stream()
                .sorted(Comparator.comparingInt(text -> -text.ids().length))
                .forEach(this::add);
    }

    private void add(CausalRow text) {
        int length = text.ids().length;
        int best = -1;
        for (int row = 0; row < rows.size(); row++) {
            boolean fits = lengths.get(row) + length <= room;
            if (fits && (best < 0 || lengths.get(row) > lengths.get(best))) {
                best = row;
            }
        }
        if (best < 0) {
            rows.add(new ArrayList<>(List.of(text)));
            lengths.add(length);
        } else {
            rows.get(best).add(text);
            lengths.set(best, lengths.get(best) + length);
        }
    }

    /** Returns how many rows there are. */
    int count() {
        return rows.size();
    }

    /** Returns how many tokens the longest row has. */
    int width() {
        return lengths.stream().mapToInt(Integer::intValue).max().orElse(0);
    }

    /** Returns a batch in which each token but the last of its text predicts the next label. */
    TrainingBatch batch(NDManager manager) {
        int width = width() - 1; // the last token of a row is foretold, and not read
        long[] ids = new long[count() * width];
        long[] labels = new long[ids.length];
        long[] positions = new long[ids.length];
        long[] texts = new long[ids.length]; // the number of a token's text; 0 for padding
        Arrays.fill(labels, NextTokenLoss.IGNORED);
        for (int row = 0; row < count(); row++) {
            int at = row * width;
            int end = at + width;
            int number = 0;
            for (CausalRow text : rows.get(row)) {
                number++;
                for (int i = 0; i < text.ids().length && at < end; i++, at++) {
                    ids[at] = text.ids()[i];
                    positions[at] = i;
                    texts[at] = number;
                    if (i + 1 < text.ids().length) {
                        labels[at] = text.labels()[i + 1];
                    }
                }
            }
        }
        Shape shape = new Shape(count(), width);
        NDArray numbers = manager.create(texts, shape); // (B, T)
        NDArray same = numbers.expandDims(2).eq(numbers.expandDims(1)); // (B, T, T)
        return TrainingBatch.classes(
                new NDList(manager.create(ids, shape), same, manager.create(positions, shape)),
                manager.create(labels, shape));
    }
}

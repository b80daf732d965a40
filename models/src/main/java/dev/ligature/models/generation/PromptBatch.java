package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;

/** Prompts of unequal length as one batch, padded on the left so that all end at one place. */
final class PromptBatch {
    private final int[] lengths;
    private final int width;
    private final long[] ids; // B · T, 0 at padding
    private final long[] mask; // B · T, 0 at padding and 1 else
    private final long[] positions; // B · T, counted from the first token that is no padding

    private PromptBatch(List<long[]> prompts) {
        lengths = prompts.stream().mapToInt(prompt -> prompt.length).toArray();
        width = Arrays.stream(lengths).max().orElse(0);
        ids = new long[lengths.length * width];
        mask = new long[ids.length];
        positions = new long[ids.length];
        for (int row = 0; row < lengths.length; row++) {
            int start = (row + 1) * width - lengths[row];
            System.arraycopy(prompts.get(row), 0, ids, start, lengths[row]);
            Arrays.fill(mask, start, start + lengths[row], 1);
            for (int i = 0; i < lengths[row]; i++) {
                positions[start + i] = i;
            }
        }
    }

    static PromptBatch of(List<long[]> prompts) {
        return new PromptBatch(prompts);
    }

    /** Returns the number of tokens of each prompt. */
    int[] lengths() {
        return lengths.clone();
    }

    /** Returns whether a prompt is shorter than another one. */
    boolean isPadded() {
        return Arrays.stream(lengths).anyMatch(length -> length < width);
    }

    /** Returns the ids, {@code (B, T)}, 0 at padding. */
    NDArray ids(NDManager manager) {
        return manager.create(ids, new Shape(lengths.length, width));
    }

    /** Returns the attention mask, {@code (B, T)}, 0 at padding and 1 else. */
    NDArray mask(NDManager manager) {
        return manager.create(mask, new Shape(lengths.length, width));
    }

    /** Returns the positions, {@code (B, T)}, counted from the first token that is no padding. */
    NDArray positions(NDManager manager) {
        return manager.create(positions, new Shape(lengths.length, width));
    }
}

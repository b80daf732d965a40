package dev.ligature.examples.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.diag.LoraException;
import java.util.Arrays;
import java.util.List;

/** Prompts of unequal length as one batch, padded on the left so that all end at one place. */
final class PromptBatch {
    private final int size;
    private final int width;
    private final long[] ids; // size · width, 0 at padding
    private final long[] mask; // size · width, 0 at padding and 1 else

    private PromptBatch(int size, int width, long[] ids, long[] mask) {
        this.size = size;
        this.width = width;
        this.ids = ids;
        this.mask = mask;
    }

    static PromptBatch of(List<long[]> prompts, LlamaConfig config) {
        int width = 0;
        for (long[] prompt : prompts) {
            config.checkTokenIds(prompt);
            width = Math.max(width, prompt.length);
        }
        long[] ids = new long[prompts.size() * width];
        long[] mask = new long[ids.length];
        for (int row = 0; row < prompts.size(); row++) {
            long[] prompt = prompts.get(row);
            if (prompt.length == 0) {
                throw new LoraException(
                        "EmptyPrompt",
                        "Prompt "
                                + row
                                + " has no tokens. Begin with the token that starts a text.");
            }
            int start = (row + 1) * width - prompt.length;
            System.arraycopy(prompt, 0, ids, start, prompt.length);
            Arrays.fill(mask, start, start + prompt.length, 1);
        }
        return new PromptBatch(prompts.size(), width, ids, mask);
    }

    /** Returns the number B of prompts. */
    int size() {
        return size;
    }

    /** Returns the length T of the longest prompt. */
    int width() {
        return width;
    }

    /** Returns the ids, {@code (B, T)}. */
    NDArray ids(NDManager manager) {
        return manager.create(ids, new Shape(size, width));
    }

    /**
     * Returns the attention mask once more tokens have been added to each row.
     *
     * @param added the number N of them
     * @return {@code (B, T+N)}
     */
    NDArray mask(NDManager manager, int added) {
        long[] longer = new long[size * (width + added)];
        Arrays.fill(longer, 1);
        for (int row = 0; row < size; row++) {
            System.arraycopy(mask, row * width, longer, row * (width + added), width);
        }
        return manager.create(longer, new Shape(size, width + added));
    }
}

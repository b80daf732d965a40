package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.training.NextTokenLoss;
import java.util.List;

/** How well a model foresees the next token of a text: e to the mean cross entropy. */
final class Perplexity {
    private Perplexity() {}

    /**
     * Measures a model.
     *
     * @param block gives logits (B, T, V) of ids (B, T)
     * @param batches the text, batches of one shape (B, T) int64 each
     * @param manager the parent of what is computed
     */
    static double of(Block block, List<NDArray> batches, NDManager manager) {
        NextTokenLoss loss = new NextTokenLoss();
        double sum = 0;
        for (NDArray batch : batches) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray ids = scope.create(batch.toLongArray(), batch.getShape()); // (B, T)
                NDArray logits = LoadedModel.logits(block, ids); // (B, T, V)
                sum += loss.evaluate(new NDList(ids), new NDList(logits)).getFloat();
            }
        }
        return Math.exp(sum / batches.size());
    }
}

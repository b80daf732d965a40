package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.loss.HeadScores;
import dev.ligature.internal.loss.Targets;
import dev.ligature.internal.route.TapedBlock;
import dev.ligature.ops.HeadedModel;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingMemory;
import java.util.Optional;

/** What a language model foretells of the labels of a batch that count, in their order. */
public final class TokenScores {
    private final long[] labels;
    private final float[] logs;
    private final long[] firsts;

    private TokenScores(long[] labels, float[] logs, long[] firsts) {
        this.labels = labels;
        this.logs = logs;
        this.firsts = firsts;
    }

    /** Takes a label that counts. */
    @FunctionalInterface
    public interface Consumer {
        /**
         * Takes a label.
         *
         * @param place its place among all labels of the batch, from 0
         * @param label the label
         * @param log the logarithm of its probability
         * @param first the class that is put first
         */
        void accept(int place, long label, double log, long first);
    }

    /**
     * Computes the scores without logits of all tokens at once; empty if the block is no language
     * model whose head can be applied so.
     *
     * @param block the model
     * @param inputs its inputs
     * @param labels (B, T) int64
     * @param scope the owner of what is computed
     */
    public static Optional<TokenScores> of(
            Block block, NDList inputs, NDArray labels, NDManager scope) {
        return of(block, inputs, labels, scope, TrainingMemory.DEFAULT.logitBytes());
    }

    static Optional<TokenScores> of(
            Block block, NDList inputs, NDArray labels, NDManager scope, long logitBytes) {
        TapedBlock taped = new TapedBlock(block);
        HeadedModel model = taped.headed();
        if (model == null) {
            return Optional.empty();
        }
        HeadScores head =
                new HeadScores(Targets.of(labels, scope), model.vocabularySize(), logitBytes);
        taped.computeBy(head);
        taped.forward(new ParameterStore(scope, false), inputs, false).attach(scope);
        return head.isApplied()
                ? Optional.of(new TokenScores(labels.toLongArray(), head.logs(), head.firsts()))
                : Optional.empty();
    }

    /** Gives each label that counts to a consumer. */
    public void forEach(Consumer consumer) {
        int next = 0;
        for (int place = 0; place < labels.length; place++) {
            if (labels[place] != NextTokenLoss.IGNORED) {
                consumer.accept(place, labels[place], logs[next], firsts[next]);
                next++;
            }
        }
    }
}

package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.TiedLinear;
import org.jspecify.annotations.Nullable;

/** The head of a language model. */
public final class LogitHead {
    private LogitHead() {}

    /**
     * Returns a head without bias.
     *
     * @param embedding the embedding, whose weight a tied head reads
     * @param vocabulary the number V of tokens
     * @param tied whether it does
     */
    public static Block of(Block embedding, long vocabulary, boolean tied) {
        return tied ? new TiedLinear(embedding) : Linears.of(vocabulary, false);
    }

    /**
     * Replaces the first output, the hidden state {@code (B, T, d)}, by logits {@code (B, T, V)}.
     *
     * @param cap c of logits that become {@code c · tanh(logit / c)}; 0 if they stay
     */
    public static NDList apply(
            Block head,
            double cap,
            NDList outputs,
            ParameterStore parameterStore,
            boolean training,
            @Nullable PairList<String, Object> params) {
        try (NDArray hidden = outputs.get(0)) {
            NDArray logits =
                    head.forward(parameterStore, new NDList(hidden), training, params)
                            .singletonOrThrow(); // (B, T, d) -> (B, T, V)
            outputs.set(0, SoftCap.of(logits, (float) cap));
        }
        return outputs;
    }
}

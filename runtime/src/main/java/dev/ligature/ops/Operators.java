package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Operators of a forward pass. A block that computes one of them gets them by {@link
 * OperatorLookup}, and so gains from what the engine's module has:
 *
 * <pre>{@code
 * Operators operators = OperatorLookup.of(parameterStore, x, training);
 * NDArray gated = operators.swiGlu(gate, up);
 * }</pre>
 *
 * <p>In training the results have the gradients of their arguments, whichever implementation
 * computes them. Results belong to the manager of the first argument. What an implementation cannot
 * compute faster, such as another data type or device, it computes as DJL's arrays do.
 */
public interface Operators {
    /**
     * Returns {@code x Wᵀ + bias}.
     *
     * @param x the input, {@code (…, in)}
     * @param weight W, {@code (out, in)}
     * @param bias the bias, {@code (out)}, if there is one
     * @return a new array, {@code (…, out)}
     */
    NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias);

    /**
     * Returns {@code w · x / √(mean(x²) + ε)}, the mean over the last axis (Zhang and Sennrich,
     * "Root Mean Square Layer Normalization", 2019).
     *
     * @param x the input, {@code (…, d)}, fp32
     * @param weight w, {@code (d)}, fp32
     * @param epsilon ε
     * @return a new array, {@code (…, d)}
     */
    NDArray rmsNorm(NDArray x, NDArray weight, float epsilon);

    /**
     * Returns {@code gate · σ(gate) · up}, σ being the logistic function (Shazeer, "GLU Variants
     * Improve Transformer", 2020).
     *
     * @param gate {@code (…, I)}
     * @param up {@code (…, I)}
     * @return {@code (…, I)}; outside of training it may be {@code gate}'s own memory, which holds
     *     nothing else any more
     */
    NDArray swiGlu(NDArray gate, NDArray up);

    /**
     * Attends from one new token of each of B texts, which have their keys and values each to
     * themselves: writes those of the new token behind the others, and returns {@code softmax(q kᵀ)
     * v} over the tokens of the text that the new one sees (Vaswani et al., "Attention Is All You
     * Need", 2017), in groups of G queries to one key (Ainslie et al., "GQA", 2023). Scores may be
     * capped (Gemma Team, "Gemma 2", 2024). What a text gets does not depend on the others.
     *
     * <p>For passes without gradients.
     *
     * @param queries turned by their positions and scaled, {@code (B, KV, G, D)}
     * @param keys turned, {@code (B, KV, 1, D)}
     * @param values {@code (B, KV, 1, D)}
     * @param caches the keys and values of each text, {@code (2, KV, C, D)}, written in place; an
     *     implementation may name these arrays
     * @param span which of the C tokens the new ones see
     * @return a new array, {@code (B, KV, G, D)}
     */
    default NDArray attention(
            NDArray queries, NDArray keys, NDArray values, NDList caches, AttentionSpan span) {
        return PlainAttention.of(queries, keys, values, caches, span);
    }

    /**
     * Returns the most texts whose layers {@link #layers} computes at once; 0 if it computes none.
     */
    default int textsAtOnce() {
        return 0;
    }

    /**
     * Computes layers of a decoder for one new token of each of B texts, and writes their keys and
     * values behind the others.
     *
     * <p>For passes without gradients.
     *
     * @param x the hidden states, {@code (B, 1, d)}
     * @param layers the layers
     * @param caches the keys and values of each text in all layers, {@code (2·L, KV, C, D)},
     *     written in place
     * @return a new array, {@code (B, 1, d)}; null where nothing is gained by computing them at
     *     once, and nothing is computed then
     */
    default @Nullable NDArray layers(NDArray x, List<LayerTerms> layers, NDList caches) {
        return null;
    }
}

package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * What a decoder's layer computes for one new token of each of B texts, in a pass without
 * gradients: attention and a gated feed-forward part, each behind a norm and beside a residual
 * path. See {@link Operators#layers}.
 *
 * @param attentionNorm the norm before attention
 * @param attention the attention
 * @param feedForwardNorm the norm before the feed-forward part
 * @param gate {@code (d)} to {@code (I)}
 * @param up {@code (d)} to {@code (I)}
 * @param down {@code (I)} to {@code (d)}
 */
public record LayerTerms(
        Norm attentionNorm,
        Attention attention,
        Norm feedForwardNorm,
        LinearTerms gate,
        LinearTerms up,
        LinearTerms down) {

    /**
     * A norm as {@link Operators#rmsNorm} computes it.
     *
     * @param weight w, {@code (d)}, or of a norm over a head {@code (D)}
     * @param epsilon ε
     */
    public record Norm(NDArray weight, float epsilon) {}

    /**
     * Self-attention in groups of G queries to one of KV keys, as {@link Operators#attention}
     * computes it.
     *
     * @param query {@code (d)} to {@code (KV·G·D)}
     * @param key {@code (d)} to {@code (KV·D)}
     * @param value {@code (d)} to {@code (KV·D)}
     * @param output {@code (KV·G·D)} to {@code (d)}
     * @param queryNorm a norm over each head of the queries, if there is one
     * @param keyNorm a norm over each head of the keys, if there is one
     * @param keyHeads the number KV
     * @param groups the number G
     * @param size the size D of a head
     * @param rotation how positions turn queries and keys
     * @param span what the new tokens see
     */
    public record Attention(
            LinearTerms query,
            LinearTerms key,
            LinearTerms value,
            LinearTerms output,
            @Nullable Norm queryNorm,
            @Nullable Norm keyNorm,
            long keyHeads,
            long groups,
            long size,
            Rotation rotation,
            AttentionSpan span) {}

    /**
     * The rotation of heads by position (Su et al., "RoFormer", 2021): {@code x cos + x' sin},
     * where x' has the halves of the turned elements exchanged. Layers that turn alike share one.
     *
     * @param queryCos {@code (B, 1, 1, D)}, scaled cosines
     * @param querySin scaled sines, negative in the first half of what is turned
     * @param keyCos cosines
     * @param keySin sines, negative in the first half of what is turned
     * @param turned how many elements of a head are turned, from the first on
     */
    public record Rotation(
            NDArray queryCos, NDArray querySin, NDArray keyCos, NDArray keySin, int turned) {}
}

package dev.ligature.ops;

import ai.djl.nn.Block;

/**
 * A language model whose head a pass may apply to some of the tokens at a time, so that a training
 * with a large vocabulary needs no memory for the logits of all tokens at once.
 *
 * <p>Its first output is what {@link OperatorLookup#head} returns, unchanged, and it calls that
 * once in a pass.
 */
public interface HeadedModel extends Block {
    /** Returns the number of logits that the head computes for a token. */
    long vocabularySize();
}

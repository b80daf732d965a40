package dev.ligature.ops;

import ai.djl.nn.Block;

/**
 * A model whose layers a training pass may compute twice, so that memory has what one of them needs
 * for its gradients, and not what all of them do. It computes each by the {@link ModelPass} that
 * {@link OperatorLookup#recomputing} returns, if there is one.
 */
public interface LayeredModel extends Block {}

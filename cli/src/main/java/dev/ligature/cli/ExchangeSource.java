package dev.ligature.cli;

import dev.ligature.training.GradientExchange;
import java.io.IOException;

/** Opens what computes the gradients of a training, when its model and its data are open. */
@FunctionalInterface
public interface ExchangeSource {
    /** Returns it; the training closes it. */
    GradientExchange open() throws IOException;
}

package dev.ligature.models.generation;

import ai.djl.nn.Block;
import dev.ligature.models.block.DecoderInputs;
import java.util.List;

/**
 * Gives the block that a batch goes through, by the adapters of its rows.
 *
 * <pre>{@code
 * RowRouter router = adapters -> lora.routed(Routing.rows(adapters));
 * }</pre>
 */
@FunctionalInterface
public interface RowRouter {
    /**
     * Returns a block with the inputs of {@link DecoderInputs}.
     *
     * @param adapters the adapter of each row, by its name on the model
     */
    Block block(List<String> adapters);
}

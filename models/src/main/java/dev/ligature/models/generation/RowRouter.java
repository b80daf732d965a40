package dev.ligature.models.generation;

import ai.djl.nn.Block;
import dev.ligature.models.llama.LlamaForCausalLM;
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
     * Returns a {@link LlamaForCausalLM}, or a block that passes on to one.
     *
     * @param adapters the adapter of each row, by its name on the model
     */
    Block block(List<String> adapters);
}

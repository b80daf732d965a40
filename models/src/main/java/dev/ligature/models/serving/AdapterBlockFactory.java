package dev.ligature.models.serving;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import dev.ligature.LoraException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;

/**
 * Loads an encoder and opens a store of its adapters, for DJL Serving and for {@code Criteria}. The
 * model's directory is a checkpoint of Hugging Face's with a {@code serving.properties}:
 *
 * <pre>
 * engine=PyTorch
 * blockFactory=dev.ligature.models.serving.AdapterBlockFactory
 * translatorFactory=dev.ligature.models.serving.AdapterTranslatorFactory
 * option.hasParameter=false
 * adapters=adapters
 * adapterMemory=1024
 * </pre>
 *
 * <p>{@code adapters} is the directory that has a folder for each adapter, in the model's own where
 * it is no absolute path; by default {@code adapters}, if there is one. {@code adapterMemory} is
 * the most memory for them, in MiB (1024). The model must be without a head, for embeddings, or a
 * classifier of texts.
 */
public final class AdapterBlockFactory implements BlockFactory {
    private static final long serialVersionUID = 1L;

    /** Creates a factory; DJL does, by the name of the class. */
    public AdapterBlockFactory() {}

    /**
     * Loads the model onto the device of DJL's model, with which it is closed.
     *
     * @throws LoraException if it is neither without a head nor a classifier of texts, or an
     *     argument is wrong ({@code ServingArgument})
     * @throws IOException if a file is missing or damaged
     */
    @Override
    public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments)
            throws IOException {
        NDManager manager = model.getNDManager();
        ServedEncoder encoder = ServedEncoder.open(modelPath, manager.getDevice(), arguments);
        manager.attachInternal("ligature-" + UUID.randomUUID(), encoder);
        return encoder;
    }
}

package dev.ligature.checkpoint;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.ligature.inject.ModuleVisit;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/**
 * The weights of a base model in a Hugging Face directory: {@code model.safetensors}, or shards
 * with {@code model.safetensors.index.json}.
 *
 * <p>A module's tensors are found by its name and the type of its parameters: {@code
 * <module>.weight} of a weight or a gamma, {@code <module>.bias} of a bias or a beta.
 *
 * <pre>{@code
 * try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
 *     checkpoint.load(model, MyModelLora::visit, manager, LoadOptions.defaults(), new Shape(1, 8));
 * }
 * }</pre>
 */
public final class BaseCheckpoint implements Closeable {
    private final Path directory;
    private final ShardedTensors tensors;

    private BaseCheckpoint(Path directory, ShardedTensors tensors) {
        this.directory = directory;
        this.tensors = tensors;
    }

    /**
     * Opens a checkpoint and checks its files against each other.
     *
     * @param directory the directory
     * @throws CheckpointException if it is missing, incomplete or damaged, or has pickled weights
     * @throws IOException if a file cannot be read
     */
    public static BaseCheckpoint open(Path directory) throws IOException {
        return new BaseCheckpoint(directory, ShardedTensors.open(directory));
    }

    /** Returns the directory. */
    public Path directory() {
        return directory;
    }

    /** Returns the names of all tensors, sorted. */
    public Set<String> tensorNames() {
        return Set.copyOf(tensors.names());
    }

    /**
     * Returns the description of a tensor.
     *
     * @param name the tensor's name
     * @throws CheckpointException if there is no such tensor
     */
    public TensorInfo tensor(String name) throws CheckpointException {
        return tensors.info(name);
    }

    /**
     * Initialises a model with the checkpoint's tensors, and freezes it unless the options say
     * otherwise.
     *
     * <p>Every parameter must have a tensor of its shape, and every tensor a parameter, unless the
     * options name it. Of a tied weight, one tensor is enough, under any of its modules' names; if
     * there are several, they must be equal bit for bit. If anything is wrong, the model is left as
     * it was, not initialised.
     *
     * @param model the model, not yet initialised
     * @param visit the {@code visit} method of its generated class
     * @param manager the owner of the arrays
     * @param options data type and the like
     * @param inputShapes the shapes that the model is initialised with
     * @param <M> the model class
     * @throws CheckpointException if the checkpoint does not fit the model
     * @throws dev.ligature.diag.LoraException if a parameter has no name in a checkpoint, or the
     *     model is initialised already
     * @throws IOException if a file cannot be read
     */
    public <M extends Block> void load(
            M model,
            ModuleVisit<? super M> visit,
            NDManager manager,
            LoadOptions options,
            Shape... inputShapes)
            throws IOException {
        TensorMatch match =
                TensorMatch.of(directory, tensors, ModelTensors.of(model, visit), options);
        new ModelLoad(directory, tensors, match, options).load(model, manager, inputShapes);
    }

    @Override
    public void close() throws IOException {
        tensors.close();
    }
}

package dev.ligature.models.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import dev.ligature.checkpoint.LoadOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * Makes models: from a Hugging Face directory, or fresh ones to train from nothing.
 *
 * <pre>{@code
 * LlamaForCausalLM model = LlamaCheckpoint.load(directory, manager);
 * }</pre>
 */
public final class LlamaCheckpoint {
    private static final Shape ONE_TOKEN = new Shape(1, 1);

    private LlamaCheckpoint() {}

    /**
     * Loads a model, frozen, in the data types of its file.
     *
     * @param directory the directory of config.json and the weights
     * @param manager the owner of the weights
     * @throws IOException if a file is missing or damaged, if the configuration asks for what the
     *     model does not compute, or if a tensor is missing or surplus; the message names it
     */
    public static LlamaForCausalLM load(Path directory, NDManager manager) throws IOException {
        return load(directory, manager, LoadOptions.defaults());
    }

    /**
     * Loads a model.
     *
     * @param directory the directory of config.json and the weights
     * @param manager the owner of the weights
     * @param options data type and the like
     * @throws IOException as {@link #load(Path, NDManager)}
     */
    public static LlamaForCausalLM load(Path directory, NDManager manager, LoadOptions options)
            throws IOException {
        return new LlamaFamily().load(directory, manager, options);
    }

    /**
     * Makes a model with fresh weights, trainable: weights are normal with the deviation of {@link
     * LlamaConfig#initializerRange}, norms are 1, biases 0, as Transformers makes them.
     *
     * @param config the model's sizes
     * @param manager the owner of the weights
     * @param seed gives the same weights again, on any machine
     */
    public static LlamaForCausalLM create(LlamaConfig config, NDManager manager, long seed) {
        LlamaForCausalLM model = new LlamaForCausalLM(config);
        model.setInitializer(
                normal(new Random(seed), config.initializerRange()), Parameter.Type.WEIGHT);
        model.initialize(manager, DataType.FLOAT32, ONE_TOKEN);
        return model;
    }

    private static Initializer normal(Random random, double deviation) {
        return (manager, shape, dataType) -> {
            float[] values = new float[Math.toIntExact(shape.size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (deviation * random.nextGaussian());
            }
            // The copy is memory of the engine. The buffer is Java's, and gone with the next
            // garbage collection; toType(type, true) would go on using it where the type is the
            // same.
            try (NDArray buffer = manager.create(values, shape)) {
                return dataType == DataType.FLOAT32
                        ? buffer.duplicate()
                        : buffer.toType(dataType, true);
            }
        };
    }
}

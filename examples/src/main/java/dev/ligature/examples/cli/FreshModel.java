package dev.ligature.examples.cli;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.initializer.NormalInitializer;
import dev.ligature.examples.llama.LlamaConfig;
import dev.ligature.examples.llama.LlamaForCausalLM;

/** Models that nothing was learnt by yet. */
final class FreshModel {
    private FreshModel() {}

    /**
     * Returns a model with weights from a normal distribution, as Transformers starts one.
     *
     * @param config the model's sizes, and the standard deviation
     * @param manager owns the weights
     */
    static LlamaForCausalLM of(LlamaConfig config, NDManager manager) {
        LlamaForCausalLM model = new LlamaForCausalLM(config);
        model.setInitializer(
                new NormalInitializer((float) config.initializerRange()), Parameter.Type.WEIGHT);
        model.setInitializer(Initializer.ONES, Parameter.Type.GAMMA);
        model.setInitializer(Initializer.ZEROS, Parameter.Type.BIAS);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        return model;
    }

    /** Returns how many numbers a model has learnt. */
    static long parameterCount(Block model) {
        return model.getParameters().values().stream()
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }
}

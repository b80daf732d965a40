package dev.ligature.models.llama;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import dev.ligature.annotation.Role;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.models.Oracle;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaGradientTest {
    @ParameterizedTest
    @ValueSource(strings = {"biased", "llama-tied-both", "qwen2-tied-embed"})
    void lossAndGradientsOfAllParameters_areThoseOfTorch(String name) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            Oracle oracle = Oracle.of(name, manager);
            LlamaForCausalLM model =
                    LlamaCheckpoint.load(
                            Oracle.checkpoint(name), manager, LoadOptions.defaults().trainable());
            NDArray ids = oracle.read("input_ids"); // (B, T)
            try (NDManager scope = manager.newSubManager();
                    GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray loss = loss(model, ids, scope);
                assertWithin(1e-5, oracle.read("loss"), loss, "loss");
                System.gc(); // what Java frees too early shows in the gradients
                collector.backward(loss);
            }
            Map<String, Parameter> parameters = parameters(model);
            Set<String> expected = new TreeSet<>();
            for (String tensor : oracle.tensors()) {
                if (tensor.startsWith("gradient.")) {
                    expected.add(tensor.substring("gradient.".length()));
                }
            }
            assertEquals(expected, parameters.keySet());
            for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
                assertWithin(
                        1e-5,
                        oracle.read("gradient." + entry.getKey()),
                        entry.getValue().getArray().getGradient(),
                        entry.getKey());
            }
        }
    }

    private static NDArray loss(LlamaForCausalLM model, NDArray ids, NDManager scope) {
        NDArray inputs = ids.get(new NDIndex(":, :-1")); // (B, T-1)
        inputs.attach(scope);
        NDArray logits =
                model.forward(new ParameterStore(scope, false), new NDList(inputs), true)
                        .singletonOrThrow(); // (B, T-1, V)
        NDArray labels = ids.get(new NDIndex(":, 1:")).reshape(-1, 1); // (B·(T-1), 1)
        return new SoftmaxCrossEntropyLoss()
                .evaluate(
                        new NDList(labels),
                        new NDList(logits.reshape(new Shape(-1, logits.getShape().get(2)))));
    }

    private static Map<String, Parameter> parameters(LlamaForCausalLM model) {
        Map<String, Parameter> found = new TreeMap<>();
        ModuleWalker.walk(
                model,
                LlamaForCausalLMLora::visit,
                new ModuleVisitor() {
                    @Override
                    public Block module(String path, Role role, Block block) {
                        for (Parameter parameter : block.getDirectParameters().values()) {
                            found.put(path + "." + parameter.getName(), parameter);
                        }
                        return block;
                    }
                });
        return found;
    }
}

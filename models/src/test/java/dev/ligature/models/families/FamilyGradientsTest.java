package dev.ligature.models.families;

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
import dev.ligature.block.BlockParameters;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.models.ModelFamily;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loss and gradients of the families' parameters are those of torch. */
final class FamilyGradientsTest {
    private static final String PREFIX = "gradient.";

    static java.util.List<String> names() throws IOException {
        java.util.List<String> found = new java.util.ArrayList<>();
        for (String name : FamilyCase.names()) {
            try (FamilyCase reference = new FamilyCase(name)) {
                if (reference.has("loss")) {
                    found.add(name);
                }
            }
        }
        return found;
    }

    @ParameterizedTest
    @MethodSource("names")
    void gradientsOfAllParameters_areThoseOfTorch(String name) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            check(reference, ModelFamily.of(reference.base()));
        }
    }

    private static <M extends Block> void check(FamilyCase reference, ModelFamily<M> family)
            throws IOException {
        NDManager manager = reference.manager();
        M model = family.load(reference.base(), manager, LoadOptions.defaults().trainable());
        NDArray ids = reference.read("input_ids"); // (B, T)
        try (NDManager scope = manager.newSubManager();
                GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray inputs = ids.get(new NDIndex(":, :-1")); // (B, T-1)
            inputs.attach(scope);
            NDArray logits =
                    model.forward(new ParameterStore(scope, false), new NDList(inputs), true)
                            .singletonOrThrow(); // (B, T-1, V)
            NDArray labels = ids.get(new NDIndex(":, 1:")).reshape(-1, 1); // (B·(T-1), 1)
            NDArray loss =
                    new SoftmaxCrossEntropyLoss()
                            .evaluate(
                                    new NDList(labels),
                                    new NDList(
                                            logits.reshape(
                                                    new Shape(-1, logits.getShape().get(2)))));
            assertWithin(1e-5, reference.read("loss"), loss, "loss");
            System.gc(); // what Java frees too early shows in the gradients
            collector.backward(loss);
        }
        Map<String, Parameter> parameters = parameters(model, family);
        try (SafetensorsReader expected = reference.expected()) {
            assertEquals(
                    expected.tensors().keySet().stream()
                            .filter(tensor -> tensor.startsWith(PREFIX))
                            .map(tensor -> tensor.substring(PREFIX.length()))
                            .collect(Collectors.toSet()),
                    parameters.keySet());
        }
        for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
            assertWithin(
                    1e-4,
                    reference.read(PREFIX + entry.getKey()),
                    entry.getValue().getArray().getGradient(),
                    entry.getKey());
        }
    }

    private static <M extends Block> Map<String, Parameter> parameters(
            M model, ModelFamily<M> family) {
        Map<String, Parameter> found = new TreeMap<>();
        ModuleWalker.walk(
                model,
                family.visit(),
                new ModuleVisitor() {
                    @Override
                    public Block module(String path, Role role, Block block) {
                        for (Parameter parameter : block.getDirectParameters().values()) {
                            String name = BlockParameters.fileName(block, parameter).orElseThrow();
                            found.put(path + "." + name, parameter);
                        }
                        return block;
                    }
                });
        return found;
    }
}

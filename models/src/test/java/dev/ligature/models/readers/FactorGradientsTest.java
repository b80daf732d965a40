package dev.ligature.models.readers;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import com.google.gson.JsonParser;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients of an adapter on all linear layers of an encoder, or of T5, are those of Transformers
 * and PEFT: texts longer than the windows, and padded (interop/make_factor_gradients.py).
 */
final class FactorGradientsTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources");
    private static final String PREFIX = "gradient.base_model.model.";

    /** Ten times what the script allows PEFT in float32 and float64 to differ by. */
    private static final double EPSILON = 5e-5;

    static List<Path> cases() throws IOException {
        try (Stream<Path> folders = Files.list(RESOURCES.resolve("gradients"))) {
            return folders.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradientsOfAllFactors_areThoseOfPeft(Path folder) throws IOException {
        String base =
                JsonParser.parseString(Files.readString(folder.resolve("case.json")))
                        .getAsJsonObject()
                        .get("base")
                        .getAsString();
        try (PretrainedModel model = PretrainedModel.load(RESOURCES.resolve(base));
                NDManager manager = NDManager.newBaseManager();
                SafetensorsReader expected =
                        SafetensorsReader.open(folder.resolve("expected.safetensors"))) {
            Adapter adapter =
                    model.loadAdapter(
                            "mine",
                            folder.resolve("adapter"),
                            AdapterLoadOptions.defaults().trainable());
            try (NDManager scope = manager.newSubManager();
                    GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray y =
                        model.lora()
                                .routed(Routing.of("mine"))
                                .forward(
                                        new ParameterStore(scope, false),
                                        inputs(expected, scope),
                                        true)
                                .get(0);
                NDArray loss = loss(y, expected, scope);
                assertWithin(EPSILON, expected.read("loss", scope), loss, "loss");
                System.gc(); // what Java frees too early shows in the gradients
                collector.backward(loss);
            }
            Map<String, Parameter> parameters = new TreeMap<>();
            for (Pair<String, Parameter> named : adapter.parameters()) {
                String name = named.getKey();
                boolean factor = name.endsWith(".lora_A") || name.endsWith(".lora_B");
                parameters.put(PREFIX + name + (factor ? ".weight" : ""), named.getValue());
            }
            assertEquals(
                    expected.tensors().keySet().stream()
                            .filter(key -> key.startsWith(PREFIX))
                            .collect(Collectors.toSet()),
                    parameters.keySet());
            for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
                assertWithin(
                        EPSILON,
                        expected.read(entry.getKey(), manager),
                        entry.getValue().getArray().getGradient(),
                        entry.getKey());
            }
        }
    }

    private static NDList inputs(SafetensorsReader file, NDManager manager) throws IOException {
        NDList inputs = new NDList();
        for (String name :
                List.of("input_ids", "attention_mask", "token_type_ids", "decoder_input_ids")) {
            if (file.tensors().containsKey(name)) {
                inputs.add(file.read(name, manager));
            }
        }
        return inputs;
    }

    private static NDArray loss(NDArray y, SafetensorsReader file, NDManager manager)
            throws IOException {
        if (file.tensors().containsKey("labels")) {
            NDArray labels = file.read("labels", manager);
            return y.logSoftmax(-1).mul(weights(labels, y.getShape(), manager)).sum();
        }
        NDArray difference = y.sub(file.read("target", manager)); // (B, T, d)
        return file.read("weight", manager).mul(difference).mul(difference).sum();
    }

    /** Returns what makes the mean cross entropy of log-probabilities: -1 / n at the labels. */
    private static NDArray weights(NDArray labels, Shape shape, NDManager manager) {
        long[] classes = labels.toLongArray();
        long counted = Arrays.stream(classes).filter(label -> label >= 0).count();
        int all = (int) shape.get(shape.dimension() - 1);
        float[] weights = new float[classes.length * all];
        for (int i = 0; i < classes.length; i++) {
            if (classes[i] >= 0) {
                weights[i * all + (int) classes[i]] = -1f / counted;
            }
        }
        return manager.create(weights, shape); // (…, C)
    }
}

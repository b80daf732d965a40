package dev.ligature.models.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.checkpoint.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A folder of interop/make_encoder_cases.py: a base, an adapter, and what PEFT computes. */
final class EncoderCase implements AutoCloseable {
    static final double EPSILON = 1e-4;

    private static final Path FOLDER = Path.of("src", "test", "resources", "encoders");

    private final Path directory;
    private final NDManager manager = NDManager.newBaseManager();

    EncoderCase(String name) {
        directory = FOLDER.resolve(name);
    }

    static List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.map(folder -> folder.getFileName().toString()).sorted().toList();
        }
    }

    Path base() {
        return directory.resolve("base");
    }

    Path adapter() {
        return directory.resolve("adapter");
    }

    NDArray expected(String tensor) throws IOException {
        try (SafetensorsReader file =
                SafetensorsReader.open(directory.resolve("expected.safetensors"))) {
            return file.read(tensor, manager);
        }
    }

    /** Returns the inputs of the case: ids, mask, and token types if its model has any. */
    NDList inputs() throws IOException {
        NDList inputs = new NDList(expected("input_ids"), expected("attention_mask"));
        try (SafetensorsReader file =
                SafetensorsReader.open(directory.resolve("expected.safetensors"))) {
            if (file.tensors().containsKey("token_type_ids")) {
                inputs.add(expected("token_type_ids"));
            }
        }
        return inputs;
    }

    /** Returns the first output, with zeros at padding. */
    NDArray forward(Block block, NDList inputs) {
        NDArray y = block.forward(new ParameterStore(manager, false), inputs, false).get(0);
        if (y.getShape().dimension() < 3) {
            return y;
        }
        Shape mask = inputs.get(1).getShape();
        return y.mul(
                inputs.get(1)
                        .toType(DataType.FLOAT32, true)
                        .reshape(mask.get(0), mask.get(1), 1)); // (B, T, …) * (B, T, 1)
    }

    /** Fails unless |a − b| ≤ ε (1 + |b|) everywhere. */
    static void assertClose(NDArray expected, NDArray actual) {
        assertEquals(expected.getShape(), actual.getShape());
        float[] b = expected.toFloatArray();
        float[] a = actual.toFloatArray();
        for (int i = 0; i < b.length; i++) {
            if (!(Math.abs(a[i] - b[i]) <= EPSILON * (1 + Math.abs(b[i])))) {
                fail("element " + i + ": " + a[i] + " is not " + b[i]);
            }
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}

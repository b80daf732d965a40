package dev.ligature.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.SafetensorsReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Numbers that Transformers wrote, and what is near enough to them. */
public final class Oracle {
    private static final Path RESOURCES = Path.of("src/test/resources");

    private final Path file;
    private final NDManager manager;

    private Oracle(Path file, NDManager manager) {
        this.file = file;
        this.manager = manager;
    }

    /** Opens the numbers of interop/make_llama_numbers.py. */
    public static Oracle of(String model, NDManager manager) {
        return new Oracle(RESOURCES.resolve("llama/" + model + ".safetensors"), manager);
    }

    /** Opens the numbers of a reference case. */
    public static Oracle ofCase(String name, NDManager manager) {
        return new Oracle(RESOURCES.resolve("cases/" + name + "/expected.safetensors"), manager);
    }

    /** Returns the checkpoint that the numbers of a model are about. */
    public static Path checkpoint(String model) {
        return model.equals("biased")
                ? RESOURCES.resolve("llama/biased")
                : RESOURCES.resolve("cases/" + model + "/base");
    }

    /** Returns the names of the reference cases that have logits. */
    public static List<String> cases() {
        try (Stream<Path> found = Files.list(RESOURCES.resolve("cases"))) {
            return found.filter(dir -> Files.exists(dir.resolve("expected.safetensors")))
                    .map(dir -> dir.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public NDArray read(String tensor) {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            return reader.read(tensor, manager);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Set<String> tensors() {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            return reader.tensors().keySet();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fails unless |a − b| ≤ ε (1 + |b|) everywhere. */
    public static void assertWithin(double epsilon, NDArray expected, NDArray actual, String what) {
        assertArrayEquals(
                expected.getShape().getShape(), actual.getShape().getShape(), what + ": shape");
        float[] b = expected.toFloatArray();
        float[] a = actual.toFloatArray();
        for (int i = 0; i < a.length; i++) {
            if (!(Math.abs(a[i] - b[i]) <= epsilon * (1 + Math.abs(b[i])))) {
                fail(what + ": value " + i + " is " + a[i] + ", expected " + b[i]);
            }
        }
    }
}

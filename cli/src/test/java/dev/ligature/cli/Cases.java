package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The reference cases, and the files that commands write, as plain numbers. */
final class Cases {
    private static final Path FOLDER = Path.of("..", "models", "src", "test", "resources", "cases");

    private Cases() {}

    /** Returns a folder or file of a case. */
    static Path path(String name, String... more) {
        return FOLDER.resolve(Path.of(name, more));
    }

    /** Returns the names of the cases that have logits to compare with. */
    static List<String> withLogits() throws IOException {
        try (Stream<Path> list = Files.list(FOLDER)) {
            return list.filter(folder -> Files.exists(folder.resolve("expected.safetensors")))
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    /** Returns the token ids of a case, as the command line takes them. */
    static String inputIds(String name) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(path(name, "expected.safetensors"));
                NDManager manager = NDManager.newBaseManager()) {
            NDArray ids = reader.read("input_ids", manager); // (B, T)
            int length = (int) ids.getShape().get(1);
            long[] flat = ids.toLongArray();
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < flat.length; i++) {
                text.append(i == 0 ? "" : i % length == 0 ? ";" : ",").append(flat[i]);
            }
            return text.toString();
        }
    }

    /** Returns the numbers of a tensor. */
    static float[] tensor(Path file, String name) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file);
                NDManager manager = NDManager.newBaseManager()) {
            return reader.read(name, manager).toType(DataType.FLOAT32, false).toFloatArray();
        }
    }

    /** Returns the numbers of a matrix, by columns. */
    static float[] transposed(Path file, String name) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file);
                NDManager manager = NDManager.newBaseManager()) {
            return reader.read(name, manager).transpose().toFloatArray();
        }
    }

    /** Writes a tensor {@code batches} of the given shape, all of one token. */
    static Path batches(Path file, long token, long... shape) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            Shape all = new Shape(shape);
            long[] ids = new long[(int) all.size()];
            Arrays.fill(ids, token);
            NDArray array = manager.create(ids, all);
            SafetensorsWriter.write(file, Map.of("batches", array), Map.of());
        }
        return file;
    }

    /** Asserts that |a − b| ≤ ε (1 + |b|) for all numbers. */
    static void assertClose(float[] expected, float[] actual, double epsilon) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs(actual[i] - (double) expected[i]);
            int at = i;
            assertTrue(
                    error <= epsilon * (1 + Math.abs(expected[i])),
                    () -> "number " + at + ": " + expected[at] + " but was " + actual[at]);
        }
    }

    /** Returns a column of a table of metrics. */
    static float[] column(Path csv, String name) throws IOException {
        List<String> lines = Files.readAllLines(csv);
        int column = Arrays.asList(lines.get(0).split(",", -1)).indexOf(name);
        List<Float> values =
                lines.stream()
                        .skip(1)
                        .map(line -> Float.parseFloat(line.split(",", -1)[column]))
                        .toList();
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }

    /** Returns what is in a folder, sorted. */
    static String list(Path folder) throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(path -> path.getFileName().toString())
                    .sorted()
                    .collect(Collectors.joining(" "));
        }
    }
}

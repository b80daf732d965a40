package dev.ligature.benchmarks.files;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.tensors.Rounding;
import dev.ligature.internal.tensors.TensorSource;
import dev.ligature.internal.tensors.TensorWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures what it costs to look at each value of a base and of an adapter, when they are loaded,
 * for those that are not finite: the tensors of a file are read with the check and without it, in
 * turn. A file that is mapped is used once in both, by a sum, because nothing is read of it before.
 */
public final class FiniteProgram {
    private static final int LAYERS = 24;
    private static final int WIDTH = 1024;
    private static final int INNER = 2816;
    private static final int RANK = 16;

    private final Path file;
    private final boolean mapped;
    private final double[] ratios;
    private final double[] without;
    private final double[] with;

    private FiniteProgram(Path file, boolean mapped, int rounds) {
        this.file = file;
        this.mapped = mapped;
        ratios = new double[rounds];
        without = new double[rounds];
        with = new double[rounds];
    }

    /**
     * Runs.
     *
     * @param arguments the number of rounds, 21 if there is none
     */
    public static void main(String[] arguments) throws IOException {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 21;
        Path folder = Files.createTempDirectory("finite");
        try {
            Path single = base(folder, TensorDtype.F32);
            Path adapter = adapter(folder);
            List<FiniteProgram> programs = new ArrayList<>();
            programs.add(new FiniteProgram(single, true, rounds));
            programs.add(new FiniteProgram(single, false, rounds));
            for (TensorDtype dtype : List.of(TensorDtype.BF16, TensorDtype.F16)) {
                programs.add(new FiniteProgram(base(folder, dtype), false, rounds));
            }
            programs.add(new FiniteProgram(adapter, false, rounds));
            System.out.println(
                    "| file | size | way | without the check | with it | ratio | least | most |");
            System.out.println("|---|---:|---|---:|---:|---:|---:|---:|");
            for (FiniteProgram program : programs) {
                program.measure(rounds);
                System.out.println(program.row());
            }
        } finally {
            for (String name : List.of("f32", "bf16", "f16", "adapter")) {
                Files.deleteIfExists(file(folder, name));
            }
            Files.deleteIfExists(folder);
        }
    }

    private static Path file(Path folder, String name) {
        return folder.resolve(name + ".safetensors");
    }

    /** Writes a base of 24 layers and an embedding, 497 MB in float32. */
    private static Path base(Path folder, TensorDtype dtype) throws IOException {
        Path file = file(folder, dtype.name().toLowerCase(Locale.ROOT));
        try (NDManager manager = NDManager.newBaseManager()) {
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            tensors.put("embed", random(manager, 2 * 8192, WIDTH));
            for (int layer = 0; layer < LAYERS; layer++) {
                tensors.put(layer + ".norm", manager.ones(new Shape(WIDTH)));
                tensors.put(layer + ".attention", random(manager, WIDTH, WIDTH));
                tensors.put(layer + ".output", random(manager, WIDTH, WIDTH / 2));
                tensors.put(layer + ".up", random(manager, INNER, WIDTH));
            }
            write(file, tensors, dtype);
        }
        return file;
    }

    /** Writes an adapter of rank 16 on four matrices of each layer, 16 MB in float32. */
    private static Path adapter(Path folder) throws IOException {
        Path file = file(folder, "adapter");
        try (NDManager manager = NDManager.newBaseManager()) {
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            for (int module = 0; module < 4 * LAYERS; module++) {
                tensors.put(module + ".lora_A.weight", random(manager, RANK, WIDTH));
                tensors.put(module + ".lora_B.weight", random(manager, WIDTH, RANK));
            }
            write(file, tensors, TensorDtype.F32);
        }
        return file;
    }

    private static void write(Path file, Map<String, NDArray> tensors, TensorDtype dtype)
            throws IOException {
        Map<String, TensorSource> sources = new LinkedHashMap<>();
        tensors.forEach((name, w) -> sources.put(name, TensorSource.of(w, dtype, new Rounding())));
        TensorWriter.write(file, sources, Map.of());
    }

    /** Returns values as those of weights are: few have a magnitude of 2 or more. */
    private static NDArray random(NDManager manager, long... shape) {
        return manager.randomNormal(0, 0.02f, new Shape(shape), DataType.FLOAT32);
    }

    private void measure(int rounds) throws IOException {
        for (int round = -3; round < rounds; round++) { // the first ones compile
            boolean order = round % 2 == 0;
            double first = millis(order);
            double second = millis(!order);
            if (round >= 0) {
                with[round] = order ? first : second;
                without[round] = order ? second : first;
                ratios[round] = with[round] / without[round];
            }
        }
        Arrays.sort(with);
        Arrays.sort(without);
        Arrays.sort(ratios);
    }

    private double millis(boolean checked) throws IOException {
        long begin = System.nanoTime();
        try (NDManager scope = NDManager.newBaseManager();
                SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorInfo tensor : reader.tensors().values()) {
                NDArray array = array(reader, tensor, checked, scope);
                if (mapped) {
                    array.sum().close();
                }
            }
            return (System.nanoTime() - begin) / 1e6;
        }
    }

    private NDArray array(
            SafetensorsReader reader, TensorInfo tensor, boolean checked, NDManager scope)
            throws IOException {
        if (mapped) {
            return checked ? reader.map(tensor, scope) : reader.map(tensor.name(), scope);
        }
        DataType type = tensor.dtype().arrayType().orElseThrow();
        return checked ? reader.read(tensor, type, scope) : reader.read(tensor.name(), scope);
    }

    private String row() throws IOException {
        int middle = ratios.length / 2;
        return String.format(
                Locale.ROOT,
                "| %s | %.0f MB | %s | %.1f ms | %.1f ms | %.3f | %.3f | %.3f |",
                String.valueOf(file.getFileName()).replace(".safetensors", ""),
                Files.size(file) / 1e6,
                mapped ? "mapped, then summed" : "read",
                without[middle],
                with[middle],
                ratios[middle],
                ratios[0],
                ratios[ratios.length - 1]);
    }
}

package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.internal.peft.AdapterTensors.Match;
import dev.ligature.internal.peft.SavedPart.Copy;
import dev.ligature.internal.tensors.ArrayComparison;
import dev.ligature.plan.LoraPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Reads and writes the arrays of an adapter's parts. */
final class AdapterArrays {
    private final SafetensorsReader reader;
    private final AdapterTensors tensors;
    private final NDManager manager;

    /**
     * @param manager the owner of the arrays
     */
    AdapterArrays(SafetensorsReader reader, AdapterTensors tensors, NDManager manager) {
        this.reader = reader;
        this.tensors = tensors;
        this.manager = manager;
    }

    /** Reads the parts that the file has; the copies of a part must be equal bit for bit. */
    AdapterContents read() throws IOException {
        AdapterLayout layout = tensors.layout();
        return new AdapterContents(
                read(layout.pairs(), Factors::of),
                read(layout.copies(), (copy, arrays) -> arrays.get(0)),
                read(layout.tokenRows(), (rows, arrays) -> arrays.get(0)));
    }

    private <P, V> Map<P, V> read(Map<P, SavedPart> parts, BiFunction<P, List<NDArray>, V> making)
            throws IOException {
        Map<P, V> values = new LinkedHashMap<>();
        for (Map.Entry<P, SavedPart> entry : parts.entrySet()) {
            SavedPart part = entry.getValue();
            if (tensors.match(part) instanceof Match.Found found) {
                List<NDArray> arrays = read(part, found.copies());
                values.put(entry.getKey(), making.apply(entry.getKey(), arrays));
            }
        }
        return values;
    }

    private List<NDArray> read(SavedPart part, List<Copy> copies) throws IOException {
        Copy first = copies.get(0);
        List<NDArray> arrays = read(first, part.dataType());
        for (Copy other : copies.subList(1, copies.size())) {
            List<NDArray> others = read(other, part.dataType());
            checkEqual(part, first, arrays, other, others);
            others.forEach(NDArray::close);
        }
        return arrays;
    }

    private List<NDArray> read(Copy copy, DataType type) throws IOException {
        List<NDArray> arrays = new ArrayList<>();
        for (SavedTensor saved : copy.tensors()) {
            NDArray stored = reader.read(tensors.tensor(saved), type, manager);
            NDArray array = saved.toArray().apply(stored);
            if (array != stored) {
                stored.close();
            }
            arrays.add(array);
        }
        return arrays;
    }

    private void checkEqual(
            SavedPart part, Copy copy, List<NDArray> arrays, Copy other, List<NDArray> others)
            throws CheckpointException {
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < arrays.size(); i++) {
            ArrayComparison comparison = ArrayComparison.of(arrays.get(i), others.get(i));
            if (!comparison.identical()) {
                differences.add(
                        "'%s' and '%s' differ by up to %s"
                                .formatted(
                                        tensors.tensor(copy.tensors().get(i)).name(),
                                        tensors.tensor(other.tensors().get(i)).name(),
                                        comparison.largest()));
            }
        }
        if (!differences.isEmpty()) {
            throw part.difference().fileError(reader.file(), String.join(", and ", differences));
        }
    }

    /**
     * Returns the tensors of a file.
     *
     * @param views the owner of the tensors, which share their memory with the contents
     * @throws IllegalArgumentException if the arrays are not those of the plan
     */
    static Map<String, NDArray> toStored(LoraPlan plan, AdapterContents contents, NDManager views) {
        AdapterLayout layout = new AdapterLayout(plan);
        Map<String, NDArray> file = new TreeMap<>();
        add(file, layout.pairs(), contents.pairs(), Factors::arrays, views);
        add(file, layout.copies(), contents.replacements(), List::of, views);
        add(file, layout.tokenRows(), contents.tokenRows(), List::of, views);
        return file;
    }

    private static <P, V> void add(
            Map<String, NDArray> file,
            Map<P, SavedPart> parts,
            Map<P, V> values,
            Function<V, List<NDArray>> arrays,
            NDManager views) {
        if (!values.keySet().equals(parts.keySet())) {
            throw new IllegalArgumentException("The arrays are not those of the plan");
        }
        values.forEach(
                (key, value) -> {
                    SavedPart part = Objects.requireNonNull(parts.get(key));
                    add(file, part, arrays.apply(value), views);
                });
    }

    private static void add(
            Map<String, NDArray> file, SavedPart part, List<NDArray> arrays, NDManager views) {
        for (int i = 0; i < arrays.size(); i++) {
            // Detached: the view of a trainable array would record a graph.
            NDArray array = arrays.get(i).stopGradient();
            array.attach(views);
            for (Copy copy : part.written()) {
                SavedTensor saved = copy.tensors().get(i);
                if (!array.getShape().equals(saved.shape())) {
                    throw new IllegalArgumentException(
                            "The array of %s is %s instead of %s"
                                    .formatted(saved.name(), array.getShape(), saved.shape()));
                }
                file.put(AdapterLayout.PREFIX + saved.name(), saved.toStored().apply(array));
            }
        }
    }
}

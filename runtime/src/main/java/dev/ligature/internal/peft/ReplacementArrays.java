package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.tensors.ArrayComparison;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads and writes the copies and the token rows of an adapter. */
final class ReplacementArrays {
    private final SafetensorsReader reader;
    private final NDManager manager;

    ReplacementArrays(SafetensorsReader reader, NDManager manager) {
        this.reader = reader;
        this.manager = manager;
    }

    /** Reads the copies of parameters; those of tied modules must be equal. */
    Map<ReplacementPlan, NDArray> copies(Map<ReplacementPlan, List<TensorInfo>> tensors)
            throws IOException {
        Map<ReplacementPlan, NDArray> copies = new LinkedHashMap<>();
        for (Map.Entry<ReplacementPlan, List<TensorInfo>> entry : tensors.entrySet()) {
            List<TensorInfo> found = entry.getValue();
            if (found.isEmpty()) {
                continue;
            }
            DataType type = entry.getKey().dataType();
            NDArray first = reader.read(found.get(0), type, manager);
            for (TensorInfo other : found.subList(1, found.size())) {
                try (NDArray copy = reader.read(other, type, manager)) {
                    checkEqual(reader.file(), found.get(0), first, other, copy);
                }
            }
            copies.put(entry.getKey(), first);
        }
        return copies;
    }

    /** Reads token rows, in the order of the plan; those of tied modules must be equal. */
    Map<TokenRowsPlan, NDArray> rows(Map<TokenRowsPlan, List<ReplacementTensors.Rows>> tensors)
            throws IOException {
        Map<TokenRowsPlan, NDArray> rows = new LinkedHashMap<>();
        for (Map.Entry<TokenRowsPlan, List<ReplacementTensors.Rows>> entry : tensors.entrySet()) {
            List<ReplacementTensors.Rows> found = entry.getValue();
            if (found.isEmpty()) {
                continue;
            }
            NDArray first = rows(entry.getKey(), found.get(0));
            for (ReplacementTensors.Rows other : found.subList(1, found.size())) {
                try (NDArray copy = rows(entry.getKey(), other)) {
                    checkEqual(reader.file(), found.get(0).tensor(), first, other.tensor(), copy);
                }
            }
            rows.put(entry.getKey(), first);
        }
        return rows;
    }

    private NDArray rows(TokenRowsPlan plan, ReplacementTensors.Rows found) throws IOException {
        NDArray stored = reader.read(found.tensor(), plan.dataType(), manager);
        if (found.order().equals(plan.indices())) {
            return stored;
        }
        long[] places = plan.indices().stream().mapToLong(found.order()::indexOf).toArray();
        try (stored;
                NDArray at = manager.create(places)) {
            return stored.get(at); // (n, d), in the plan's order
        }
    }

    private static void checkEqual(
            Path file, TensorInfo tensor, NDArray array, TensorInfo other, NDArray copy)
            throws CheckpointException {
        ArrayComparison comparison = ArrayComparison.of(array, copy);
        if (!comparison.identical()) {
            throw new CheckpointException(
                    "AdapterCopiesDiffer",
                    file
                            + ": '"
                            + tensor.name()
                            + "' and '"
                            + other.name()
                            + "' differ by up to "
                            + comparison.largest()
                            + ". They are copies of one weight, because their modules are tied."
                            + " Name the module whose values are to be used in"
                            + " AdapterLoadOptions.preferCopyOf, or load the adapter into an untied"
                            + " base.");
        }
    }

    /** Adds the tensors of a file. */
    static void add(Map<String, NDArray> tensors, LoraPlan plan, AdapterContents contents) {
        ReplacementKeys keys = new ReplacementKeys(plan);
        contents.replacements()
                .forEach(
                        (copy, array) ->
                                copy.readers()
                                        .forEach(
                                                reader ->
                                                        tensors.put(
                                                                ReplacementKeys.PREFIX
                                                                        + keys.written(
                                                                                copy, reader),
                                                                array)));
        contents.tokenRows()
                .forEach(
                        (rows, array) ->
                                tensors.put(
                                        ReplacementKeys.PREFIX + keys.rows(rows.name()), array));
    }

    /** Throws if the arrays are not those of the plan. */
    static void check(LoraPlan plan, AdapterContents contents) {
        if (!contents.replacements().keySet().equals(Set.copyOf(plan.replacements()))
                || !contents.tokenRows().keySet().equals(Set.copyOf(plan.tokenRows()))) {
            throw new IllegalArgumentException("The copies and rows are not those of the plan");
        }
        contents.replacements()
                .forEach((copy, array) -> check(copy.name(), copy.shape(), array.getShape()));
        contents.tokenRows()
                .forEach(
                        (rows, array) ->
                                check(
                                        rows.name(),
                                        ReplacementTensors.shape(rows),
                                        array.getShape()));
    }

    private static void check(String name, Shape planned, Shape given) {
        if (!planned.equals(given)) {
            throw new IllegalArgumentException(
                    "The values of " + name + " are " + given + " instead of " + planned);
        }
    }
}

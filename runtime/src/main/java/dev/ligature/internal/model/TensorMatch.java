package dev.ligature.internal.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.model.ModelTensors.NamedParameter;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.tensors.ArrayComparison;
import dev.ligature.internal.tensors.ShardedTensors;
import dev.ligature.internal.tensors.TensorBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which tensor of a checkpoint each parameter of a model gets, with all names accounted for.
 *
 * @param tensors the tensor of each parameter, in the model's order
 */
public record TensorMatch(Map<NamedParameter, TensorInfo> tensors) {

    /**
     * Matches the names of a checkpoint and of a model.
     *
     * @throws CheckpointException if a parameter has no tensor, a tensor no parameter, a tensor a
     *     data type that weights cannot have, or if the copies of a tied weight differ
     */
    static TensorMatch of(
            Path directory,
            ShardedTensors file,
            FileNames names,
            List<NamedParameter> parameters,
            LoadOptions options)
            throws IOException {
        Map<NamedParameter, TensorInfo> tensors = new LinkedHashMap<>();
        List<String> missing = new ArrayList<>();
        Set<String> surplus = new TreeSet<>(file.names());
        for (NamedParameter parameter : parameters) {
            List<String> present =
                    names.of(parameter.names()).stream().filter(surplus::contains).toList();
            if (!present.isEmpty()) {
                tensors.put(parameter, file.info(used(present, options)));
                present.forEach(surplus::remove);
            } else if (parameter.names().stream().noneMatch(options::mayBeMissing)) {
                missing.add(parameter.name());
            }
        }
        surplus.removeIf(options::ignores);
        checkNames(directory, missing, surplus);
        for (Map.Entry<NamedParameter, TensorInfo> entry : tensors.entrySet()) {
            checkType(directory, entry.getValue());
        }
        Optional<CopyDifference> differing = difference(file, names, parameters, options);
        if (differing.isPresent()) {
            CopyDifference found = differing.get();
            throw CheckpointMessage.COPIES_DIFFER.fileError(
                    directory, found.used(), found.copy(), found.how());
        }
        return new TensorMatch(tensors);
    }

    /**
     * Two tensors of a file that mean one weight of the model and differ.
     *
     * @param used the name of the one that would be used
     * @param copy the name of the other one
     * @param how for messages, such as {@code ", at most by 0.25"}
     */
    public record CopyDifference(String used, String copy, String how) {}

    /**
     * Returns the first copies of a weight that differ, of those that the options choose none of.
     */
    public static Optional<CopyDifference> difference(
            ShardedTensors file,
            FileNames names,
            List<NamedParameter> parameters,
            LoadOptions options)
            throws IOException {
        for (NamedParameter parameter : parameters) {
            List<String> present =
                    names.of(parameter.names()).stream().filter(file.names()::contains).toList();
            if (present.size() < 2 || options.prefers(used(present, options))) {
                continue;
            }
            TensorInfo used = file.info(used(present, options));
            for (String name : present) {
                TensorInfo copy = file.info(name);
                if (!name.equals(used.name()) && !same(file, used, copy)) {
                    String how = difference(file, used, copy);
                    return Optional.of(new CopyDifference(used.name(), name, how));
                }
            }
        }
        return Optional.empty();
    }

    private static boolean same(ShardedTensors file, TensorInfo a, TensorInfo b)
            throws IOException {
        return a.dtype() == b.dtype() && a.shape().equals(b.shape()) && sameBytes(file, a, b);
    }

    /** Returns the name of the tensor that is used, of those that mean one weight. */
    private static String used(List<String> present, LoadOptions options) {
        return present.stream().filter(options::prefers).findFirst().orElse(present.get(0));
    }

    /**
     * Returns the tensors of the file that mean one weight, by each of its names.
     *
     * @param present the names of the file's tensors
     * @param names what files may call the model's tensors
     */
    public Map<String, List<String>> namesInFile(Set<String> present, FileNames names) {
        Map<String, List<String>> inFile = new HashMap<>();
        for (NamedParameter parameter : tensors.keySet()) {
            List<String> all = names.of(parameter.names());
            List<String> found = all.stream().filter(present::contains).toList();
            all.forEach(name -> inFile.put(name, found));
        }
        return inFile;
    }

    private static void checkNames(Path directory, List<String> missing, Set<String> surplus)
            throws CheckpointException {
        if (missing.isEmpty() && surplus.isEmpty()) {
            return;
        }
        String noPlace =
                surplus.isEmpty()
                        ? ""
                        : " The model has no place for " + NameList.list(surplus) + ".";
        if (missing.isEmpty()) {
            throw CheckpointMessage.TENSORS_SURPLUS.fileError(directory, noPlace);
        }
        String hint = Nearest.hint(missing.get(0), surplus);
        throw CheckpointMessage.TENSORS_MISSING.fileError(
                directory, NameList.list(missing), hint, noPlace);
    }

    private static void checkType(Path directory, TensorInfo tensor) throws CheckpointException {
        if (!tensor.dtype().isWeightType()) {
            throw CheckpointMessage.WEIGHT_TYPE.fileError(directory, tensor.name(), tensor.dtype());
        }
    }

    private static boolean sameBytes(ShardedTensors file, TensorInfo a, TensorInfo b)
            throws IOException {
        ByteBuffer first = ByteBuffer.allocate((int) Math.min(TensorBytes.CHUNK, a.byteCount()));
        ByteBuffer second = ByteBuffer.allocate(first.capacity());
        SafetensorsReader firstReader = file.reader(a.name());
        SafetensorsReader secondReader = file.reader(b.name());
        for (long at = 0; at < a.byteCount(); at += first.capacity()) {
            int count = (int) Math.min(first.capacity(), a.byteCount() - at);
            firstReader.readBytes(a, at, first.clear().limit(count));
            secondReader.readBytes(b, at, second.clear().limit(count));
            if (!first.flip().equals(second.flip())) {
                return false;
            }
        }
        return true;
    }

    private static String difference(ShardedTensors file, TensorInfo a, TensorInfo b)
            throws IOException {
        if (!a.shape().equals(b.shape())) {
            return " in shape: " + a.shape() + " and " + b.shape();
        }
        if (a.dtype() != b.dtype()) {
            return " in data type: " + a.dtype() + " and " + b.dtype();
        }
        try (NDManager manager = NDManager.newBaseManager();
                NDArray first = file.reader(a.name()).read(a.name(), manager);
                NDArray second = file.reader(b.name()).read(b.name(), manager)) {
            return ", at most by " + ArrayComparison.of(first, second).largest();
        }
    }
}

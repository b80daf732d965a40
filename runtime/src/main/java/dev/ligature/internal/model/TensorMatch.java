package dev.ligature.internal.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.block.TiedBlock;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which tensor of a checkpoint each parameter of a model gets, with all names accounted for.
 *
 * @param tensors the tensor of each parameter, in the model's order
 */
public record TensorMatch(Map<NamedParameter, TensorInfo> tensors) {
    private static final Logger LOG = LoggerFactory.getLogger(TensorMatch.class);

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
            if (!options.prefers(entry.getValue().name())) {
                checkCopies(directory, file, names.of(entry.getKey().names()), entry.getValue());
            }
        }
        return new TensorMatch(tensors);
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

    private static void checkCopies(
            Path directory, ShardedTensors file, List<String> names, TensorInfo tensor)
            throws IOException {
        for (String name : names) {
            if (!name.equals(tensor.name()) && file.names().contains(name)) {
                checkCopy(directory, file, tensor, file.info(name));
            }
        }
    }

    private static void checkCopy(
            Path directory, ShardedTensors file, TensorInfo tensor, TensorInfo copy)
            throws IOException {
        if (!same(file, tensor, copy)) {
            throw CheckpointMessage.COPIES_DIFFER.fileError(
                    directory, tensor.name(), copy.name(), difference(file, tensor, copy));
        }
    }

    /**
     * Unties the blocks whose own tensor in the file is not the weight that they read, unless the
     * options prefer one of the two.
     *
     * @return whether there were any
     */
    public static boolean untie(
            Path directory,
            ShardedTensors file,
            FileNames names,
            List<NamedParameter> parameters,
            LoadOptions options)
            throws IOException {
        boolean untied = false;
        for (NamedParameter parameter : parameters) {
            for (Map.Entry<String, Block> reader : parameter.readers().entrySet()) {
                Optional<TensorInfo> shared = inFile(file, names, parameter.name());
                Optional<TensorInfo> own = inFile(file, names, reader.getKey());
                if (reader.getValue() instanceof TiedBlock block
                        && shared.isPresent()
                        && own.isPresent()
                        && !options.prefers(shared.get().name())
                        && !options.prefers(own.get().name())
                        && !same(file, shared.get(), own.get())) {
                    String how = difference(file, shared.get(), own.get());
                    LOG.warn(
                            "[{}] {}",
                            CheckpointMessage.UNTIED.code(),
                            CheckpointMessage.UNTIED.text(
                                    directory, shared.get().name(), own.get().name(), how));
                    block.untie();
                    untied = true;
                }
            }
        }
        return untied;
    }

    private static Optional<TensorInfo> inFile(ShardedTensors file, FileNames names, String tensor)
            throws IOException {
        for (String name : names.of(List.of(tensor))) {
            if (file.names().contains(name)) {
                return Optional.of(file.info(name));
            }
        }
        return Optional.empty();
    }

    private static boolean same(ShardedTensors file, TensorInfo a, TensorInfo b)
            throws IOException {
        return a.dtype() == b.dtype() && a.shape().equals(b.shape()) && sameBytes(file, a, b);
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

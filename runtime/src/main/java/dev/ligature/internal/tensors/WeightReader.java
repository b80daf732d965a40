package dev.ligature.internal.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;

/**
 * Makes arrays of a checkpoint's weights. Several threads fill them and look for values that are
 * not finite, while one begins with the next. Where an engine does not show the memory of its
 * arrays, one thread copies.
 */
public final class WeightReader implements AutoCloseable {
    private final NDManager manager;
    private final PartQueue parts = new PartQueue();
    private final IdentityHashMap<SafetensorsReader, TensorMapping> mappings =
            new IdentityHashMap<>();

    /** Creates a reader whose arrays belong to a manager. */
    public WeightReader(NDManager manager) {
        this.manager = manager;
    }

    /**
     * Returns an array of a tensor in the file's data type, float32 for BF16. It may be used once
     * {@link #finish} has returned, and freed once this is closed.
     *
     * @param reader the file
     * @param tensor a tensor of the file, of floats
     * @param mapped whether the array may be the file itself, where that is possible
     * @throws dev.ligature.checkpoint.CheckpointException if the file has another size than when it
     *     was opened, or, where this thread reads, a value is not finite
     */
    public NDArray begin(SafetensorsReader reader, TensorInfo tensor, boolean mapped)
            throws IOException {
        DataType type = tensor.dtype().arrayType().orElseThrow();
        FiniteCheck check = new FiniteCheck(reader.file(), tensor.name());
        Optional<MappedByteBuffer> mapping =
                mapped ? mapping(reader).map(tensor) : Optional.empty();
        if (mapping.isPresent()) {
            lookThrough(mapping.get(), type, check);
            return manager.create(mapping.get(), tensor.shape(), type);
        }
        return tensor.size() > 0 && ArrayMemory.isShown(manager)
                ? filled(reader, tensor, type, check)
                : reader.read(tensor, type, manager);
    }

    private TensorMapping mapping(SafetensorsReader reader) {
        return mappings.computeIfAbsent(
                reader,
                // The tensors of a file reach to its end, or it would not have been opened.
                file ->
                        new TensorMapping(
                                file.file(),
                                file.tensors().values().stream()
                                        .mapToLong(t -> t.offset() + t.byteCount())
                                        .max()
                                        .orElseThrow()));
    }

    private void lookThrough(MappedByteBuffer mapping, DataType type, FiniteCheck check) {
        int size = type.getNumOfBytes();
        int count = mapping.capacity() / size;
        for (int at = 0; at < count; at += ArrayMemory.PART) {
            ByteBuffer part =
                    mapping.slice(at * size, Math.min(ArrayMemory.PART, count - at) * size);
            long from = at;
            parts.add(
                    () -> {
                        if (part instanceof MappedByteBuffer pages) {
                            pages.load(); // one read of the disk, not one for each few pages
                        }
                        check.look(part, type, from);
                    });
        }
    }

    private NDArray filled(
            SafetensorsReader reader, TensorInfo tensor, DataType type, FiniteCheck check) {
        NDArray array = manager.create(tensor.shape(), type);
        List<ByteBuffer> memory = new ArrayList<>();
        try {
            for (long at = 0; at < tensor.size(); at += ArrayMemory.PART) {
                memory.add(
                        ArrayMemory.of(array, at, Math.min(ArrayMemory.PART, tensor.size() - at)));
            }
        } catch (RuntimeException | Error e) {
            array.close();
            throw e;
        }
        TensorBytes.Input input = (at, into) -> reader.readBytes(tensor, at, into);
        for (int i = 0; i < memory.size(); i++) {
            ByteBuffer part = memory.get(i);
            long from = (long) i * ArrayMemory.PART;
            parts.add(() -> TensorBytes.fill(tensor, type, from, part, input, check));
        }
        return array;
    }

    /**
     * Waits until all arrays have their values.
     *
     * @throws dev.ligature.checkpoint.CheckpointException if a value is not finite: the first, in
     *     the order of the tensors
     * @throws IOException if a file cannot be read
     */
    public void finish() throws IOException {
        parts.await();
    }

    /** Ends what is not finished. */
    @Override
    public void close() {
        parts.close();
    }
}

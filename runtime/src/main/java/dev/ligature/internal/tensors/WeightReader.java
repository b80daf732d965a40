package dev.ligature.internal.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Future;

/**
 * Makes arrays of a checkpoint's weights. Several threads fill them and look for values that are
 * not finite, while one begins with the next. Where an engine does not show the memory of its
 * arrays, one thread copies.
 *
 * <p>What is mapped needs no engine to be looked through, so that can begin before there is one: by
 * {@link #ahead(ShardedTensors, LoadOptions)}.
 */
public final class WeightReader implements AutoCloseable {
    /** The bytes that the system is asked for at a time. */
    private static final int PAGES = 4 << 20;

    private final PartQueue parts = new PartQueue();
    private final Map<String, Mapped> ahead = new HashMap<>();
    private final Queue<Future<?>> awaited = new ArrayDeque<>();
    private final IdentityHashMap<SafetensorsReader, TensorMapping> mappings =
            new IdentityHashMap<>();
    private volatile boolean begun;

    /** The bytes of a tensor, and the parts that look through them. */
    private record Mapped(MappedByteBuffer bytes, List<Future<?>> looks) {}

    /**
     * Begins with the tensors of a checkpoint before there is an engine: maps them and looks
     * through them, or else has the system read their pages. Only {@link #finish} reports what is
     * wrong with one, and only if {@link #begin} was called for it.
     *
     * @param files the files
     * @param options whether arrays may be the files themselves, where that is possible, and which
     *     tensors are not read
     * @throws dev.ligature.checkpoint.CheckpointException if a file has another size than when it
     *     was opened
     */
    public void ahead(ShardedTensors files, LoadOptions options) throws IOException {
        for (SafetensorsReader file : files.shards().values()) {
            for (TensorInfo tensor : file.tensors().values()) {
                if (tensor.dtype().isWeightType() && !options.ignores(tensor.name())) {
                    ahead(file, tensor, options.isMapped());
                }
            }
        }
    }

    void ahead(SafetensorsReader reader, TensorInfo tensor, boolean mapped) throws IOException {
        Optional<MappedByteBuffer> mapping =
                mapped ? mapping(reader).map(tensor) : Optional.empty();
        if (mapping.isPresent()) {
            ahead.put(tensor.name(), lookThrough(reader, tensor, mapping.get()));
            return;
        }
        Optional<MappedByteBuffer> pages = mapping(reader).pages(tensor);
        if (pages.isPresent()) {
            for (MappedByteBuffer part : split(pages.get(), PAGES)) {
                // A failure is not lost: the same bytes are read again for the array.
                Future<?> unused =
                        parts.add(
                                () -> {
                                    if (!begun) { // or arrays would wait for all pages
                                        part.load();
                                    }
                                });
            }
        }
    }

    /**
     * Returns an array of a tensor in the file's data type, float32 for BF16. It may be used once
     * {@link #finish} has returned, and freed once this is closed.
     *
     * @param reader the file
     * @param tensor a tensor of the file, of floats
     * @param mapped whether the array may be the file itself, where that is possible
     * @param manager the owner of the array
     * @throws dev.ligature.checkpoint.CheckpointException if the file has another size than when it
     *     was opened, or, where this thread reads, a value is not finite
     */
    public NDArray begin(
            SafetensorsReader reader, TensorInfo tensor, boolean mapped, NDManager manager)
            throws IOException {
        DataType type = tensor.dtype().arrayType().orElseThrow();
        begun = true;
        Mapped known = ahead.remove(tensor.name());
        if (known == null && mapped) {
            Optional<MappedByteBuffer> mapping = mapping(reader).map(tensor);
            known = mapping.isEmpty() ? null : lookThrough(reader, tensor, mapping.get());
        }
        if (known != null) {
            awaited.addAll(known.looks());
            return manager.create(known.bytes(), tensor.shape(), type);
        }
        return tensor.size() > 0 && ArrayMemory.isShown(manager)
                ? filled(reader, tensor, type, manager)
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

    private Mapped lookThrough(
            SafetensorsReader reader, TensorInfo tensor, MappedByteBuffer bytes) {
        DataType type = tensor.dtype().arrayType().orElseThrow();
        FiniteCheck check = new FiniteCheck(reader.file(), tensor.name());
        List<Future<?>> looks = new ArrayList<>();
        long from = 0;
        for (MappedByteBuffer part : split(bytes, ArrayMemory.PART * type.getNumOfBytes())) {
            long first = from;
            looks.add(
                    parts.add(
                            () -> {
                                part.load(); // one read of the disk, not one for each few pages
                                check.look(part, type, first);
                            }));
            from += ArrayMemory.PART;
        }
        return new Mapped(bytes, looks);
    }

    private static List<MappedByteBuffer> split(MappedByteBuffer bytes, int size) {
        List<MappedByteBuffer> split = new ArrayList<>();
        for (long at = 0; at < bytes.capacity(); at += size) {
            split.add(bytes.slice((int) at, (int) Math.min(size, bytes.capacity() - at)));
        }
        return split;
    }

    private NDArray filled(
            SafetensorsReader reader, TensorInfo tensor, DataType type, NDManager manager) {
        FiniteCheck check = new FiniteCheck(reader.file(), tensor.name());
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
            awaited.add(parts.add(() -> TensorBytes.fill(tensor, type, from, part, input, check)));
        }
        return array;
    }

    /**
     * Waits until all arrays that were begun have their values.
     *
     * @throws dev.ligature.checkpoint.CheckpointException if a value is not finite: the first, in
     *     the order of the tensors
     * @throws IOException if a file cannot be read
     */
    public void finish() throws IOException {
        while (!awaited.isEmpty()) {
            PartQueue.await(awaited.remove());
        }
    }

    /** Ends what is not finished. */
    @Override
    public void close() {
        parts.close();
    }
}

package dev.ligature.checkpoint;

import ai.djl.ndarray.NDArray;
import dev.ligature.internal.tensors.TensorSource;
import dev.ligature.internal.tensors.TensorWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Writes safetensors files.
 *
 * <p>Tensors lie in the order of the format's reference implementation: by data type, the wide ones
 * first, then by name. Equal tensors give equal files. A file appears whole or not at all; one that
 * exists is replaced at the end.
 */
public final class SafetensorsWriter {
    /** What PyTorch's libraries want to see in a file's metadata. */
    public static final Map<String, String> PYTORCH = Map.of("format", "pt");

    private SafetensorsWriter() {}

    /**
     * Writes arrays, each in its own data type.
     *
     * @param file the file to write
     * @param tensors the arrays by name
     * @param metadata the file's metadata; {@code {"format": "pt"}} for files that PyTorch's
     *     libraries are to load
     * @throws CheckpointException if the file cannot be written; nothing is left then
     * @throws IllegalArgumentException if the format has no such data type
     */
    public static void write(Path file, Map<String, NDArray> tensors, Map<String, String> metadata)
            throws IOException {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(tensors, "tensors");
        Objects.requireNonNull(metadata, "metadata");
        Map<String, TensorSource> sources = new TreeMap<>();
        tensors.forEach((name, array) -> sources.put(name, TensorSource.of(array)));
        TensorWriter.write(file, sources, metadata);
    }
}

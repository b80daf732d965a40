package dev.ligature.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.tensors.FiniteCheck;
import dev.ligature.internal.tensors.SafetensorsHeader;
import dev.ligature.internal.tensors.TensorBytes;
import dev.ligature.internal.tensors.TensorMapping;
import dev.ligature.internal.tensors.TensorMessage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads tensors from a safetensors file.
 *
 * <p>The whole header is checked when the file is opened. After that, a tensor is read on demand, a
 * small part at a time, so that the file is never in the heap. A reader is thread-safe.
 *
 * <p>DJL has a reader too, {@code NDList.decode} with {@code Encoding.SAFETENSORS}. It reads the
 * whole file into the heap, addresses it by {@code int} (2 GiB at most), checks neither the
 * header's size nor its offsets, and makes arrays of BF16, which abort the JVM in DJL's PyTorch
 * engine.
 *
 * <pre>{@code
 * try (SafetensorsReader reader = SafetensorsReader.open(file)) {
 *     NDArray weight = reader.read("model.norm.weight", manager); // (d)
 * }
 * }</pre>
 */
public final class SafetensorsReader implements Closeable {
    /** How a pointer of Git LFS begins; as a length it would be far too large. */
    private static final String POINTER = "version ";

    private final Path file;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final TensorMapping mapping;
    private final Object stagingLock = new Object();
    private @Nullable ByteBuffer staging;

    private SafetensorsReader(
            Path file, FileChannel channel, long fileSize, SafetensorsHeader header) {
        this.file = file;
        this.channel = channel;
        this.mapping = new TensorMapping(file, fileSize);
        this.header = header;
    }

    /**
     * Opens a file and checks its header.
     *
     * @param file the file
     * @throws CheckpointException if there is no such file, or it is not as the format says
     * @throws IOException if the file cannot be read
     */
    public static SafetensorsReader open(Path file) throws IOException {
        Objects.requireNonNull(file, "file");
        // Before it is opened: that would wait for a pipe's other end.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw TensorMessage.NOT_A_FILE.fileError(file);
        }
        FileChannel channel;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            throw TensorMessage.NO_FILE.fileErrorFrom(e, file);
        }
        try {
            long fileSize = channel.size();
            SafetensorsHeader header = readHeader(file, channel, fileSize);
            return new SafetensorsReader(file, channel, fileSize, header);
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private static SafetensorsHeader readHeader(Path file, FileChannel channel, long fileSize)
            throws IOException {
        if (fileSize < SafetensorsHeader.LENGTH_BYTES) {
            throw TensorMessage.SIZE.fileError(file, "has only " + fileSize + " bytes");
        }
        ByteBuffer prefix =
                ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, channel, prefix, 0);
        if (StandardCharsets.US_ASCII.decode(prefix.rewind()).toString().equals(POINTER)) {
            throw TensorMessage.POINTER.fileError(file);
        }
        long length = prefix.getLong(0);
        if (length < 0 || length > SafetensorsHeader.LARGEST) {
            throw TensorMessage.SIZE.fileError(
                    file,
                    "announces a header of %s bytes, more than the %s that the format allows"
                            .formatted(Long.toUnsignedString(length), SafetensorsHeader.LARGEST));
        }
        long dataLength = fileSize - SafetensorsHeader.LENGTH_BYTES - length;
        if (dataLength < 0) {
            throw TensorMessage.SIZE.fileError(
                    file,
                    "announces a header of %s bytes, but has only %s bytes in all"
                            .formatted(length, fileSize));
        }
        byte[] bytes = new byte[(int) length];
        readFully(file, channel, ByteBuffer.wrap(bytes), SafetensorsHeader.LENGTH_BYTES);
        return SafetensorsHeader.parse(file, bytes, dataLength);
    }

    /** Returns the file. */
    public Path file() {
        return file;
    }

    /** Returns the tensors by name, in the order of the header. */
    public Map<String, TensorInfo> tensors() {
        return header.tensors();
    }

    /** Returns the file's metadata, empty if it has none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * Returns the description of a tensor.
     *
     * @param name the tensor's name
     * @throws CheckpointException if the file has no such tensor
     */
    public TensorInfo tensor(String name) throws CheckpointException {
        Objects.requireNonNull(name, "name");
        TensorInfo tensor = header.tensors().get(name);
        if (tensor == null) {
            throw TensorMessage.MISSING.fileError(
                    file,
                    name,
                    Nearest.hint(name, header.tensors().keySet()),
                    header.tensors().size());
        }
        return tensor;
    }

    /**
     * Reads a tensor to an array of its own, which does not change when the file does.
     *
     * @param name the tensor's name
     * @param manager the owner of the array
     * @return an array of the tensor's shape and data type; float32 for BF16
     * @throws CheckpointException if there is no such tensor, or no array of its data type
     * @throws IOException if the file cannot be read
     */
    public NDArray read(String name, NDManager manager) throws IOException {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(manager, "manager");
        return read(tensor(name), manager, TensorBytes.Check.NONE);
    }

    private NDArray read(TensorInfo tensor, NDManager manager, TensorBytes.Check check)
            throws IOException {
        DataType type = arrayType(tensor);
        synchronized (stagingLock) {
            if (staging == null) {
                staging = TensorBytes.newStaging();
            }
            TensorBytes.Input input = (at, into) -> readValues(tensor, at, into);
            return TensorBytes.toArray(manager, tensor, type, staging, input, check);
        }
    }

    /**
     * Reads a weight as an array of a data type.
     *
     * @throws CheckpointException if a value is not finite, also in this data type, or as {@link
     *     #read(String, NDManager)}
     */
    public NDArray read(TensorInfo tensor, DataType type, NDManager manager) throws IOException {
        FiniteCheck check = new FiniteCheck(file, tensor.name());
        NDArray array = read(tensor, manager, check);
        if (array.getDataType() == type) {
            return array;
        }
        try (array) {
            return check.convert(array, type);
        }
    }

    /**
     * Maps a tensor of the file into an array without copying, where that is possible; else reads
     * it: BF16, and files that this process may not write.
     *
     * <p>The array may be written, which leaves the file alone. It must not be used after the file
     * was cut short, which the operating system answers by ending the process; so this is for base
     * weights, not for adapters. The mapping goes with the array, not with this reader.
     *
     * @param name the tensor's name
     * @param manager the owner of the array
     * @return an array of the tensor's shape and data type; float32 for BF16
     * @throws CheckpointException if there is no such tensor, or no array of its data type
     * @throws IOException if the file cannot be read
     */
    public NDArray map(String name, NDManager manager) throws IOException {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(manager, "manager");
        return map(tensor(name), manager, TensorBytes.Check.NONE);
    }

    /**
     * Maps a weight.
     *
     * @throws CheckpointException if a value is not finite, or as {@link #map(String, NDManager)}
     */
    public NDArray map(TensorInfo tensor, NDManager manager) throws IOException {
        return map(tensor, manager, new FiniteCheck(file, tensor.name()));
    }

    private NDArray map(TensorInfo tensor, NDManager manager, TensorBytes.Check check)
            throws IOException {
        DataType type = arrayType(tensor);
        Optional<MappedByteBuffer> buffer = mapping.map(tensor);
        if (buffer.isEmpty()) {
            return read(tensor, manager, check);
        }
        check.look(buffer.get(), type, 0);
        return manager.create(buffer.get(), tensor.shape(), type);
    }

    /**
     * Reads bytes of a tensor as they are in the file, in little-endian order, until the buffer is
     * full.
     *
     * @param tensor a tensor of this file
     * @param from the first byte, counted from the start of the tensor
     * @param into where the bytes go; at most as many as the tensor has left
     * @throws IOException if the file cannot be read
     */
    public void readBytes(TensorInfo tensor, long from, ByteBuffer into) throws IOException {
        if (from < 0 || from + into.remaining() > tensor.byteCount()) {
            throw new IllegalArgumentException(
                    "Bytes " + from + " to " + (from + into.remaining()) + " are not in " + tensor);
        }
        readFully(file, channel, into, tensor.offset() + from);
    }

    private void readValues(TensorInfo tensor, long from, ByteBuffer into) throws IOException {
        int begin = into.position();
        readBytes(tensor, from, into);
        if (tensor.dtype() == TensorDtype.BOOL) {
            checkBooleans(tensor, into, begin);
        }
    }

    private void checkBooleans(TensorInfo tensor, ByteBuffer bytes, int begin)
            throws CheckpointException {
        for (int i = begin; i < bytes.position(); i++) {
            byte value = bytes.get(i);
            if (value != 0 && value != 1) {
                throw TensorMessage.TENSOR.fileError(
                        file, tensor.name(), "is BOOL but has a byte of value " + value);
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private DataType arrayType(TensorInfo tensor) throws CheckpointException {
        return tensor.dtype()
                .arrayType()
                .orElseThrow(
                        () -> TensorMessage.DTYPE.fileError(file, tensor.name(), tensor.dtype()));
    }

    private static void readFully(Path file, FileChannel channel, ByteBuffer into, long position)
            throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count = channel.read(into, at);
            if (count < 0) {
                throw TensorMessage.CUT_SHORT.fileError(file);
            }
            at += count;
        }
    }
}

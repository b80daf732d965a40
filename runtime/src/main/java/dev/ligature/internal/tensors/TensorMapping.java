package dev.ligature.internal.tensors;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Maps tensors of a file so that writes stay in memory: a write in place to a read-only mapping
 * would end the process. Java wants a writable channel for that, which a read-only file has not.
 *
 * @param file the file
 * @param size its bytes when it was opened
 */
public record TensorMapping(Path file, long size) {
    /**
     * Returns the bytes of a tensor as an array has them; empty if they have to be read: BF16, and
     * files that this process may not write.
     *
     * @throws CheckpointException if the file has another size now
     */
    public Optional<MappedByteBuffer> map(TensorInfo tensor) throws IOException {
        boolean mappable =
                tensor.dtype() != TensorDtype.BF16
                        && tensor.dtype() != TensorDtype.BOOL
                        && tensor.byteCount() > 0
                        && tensor.byteCount() <= Integer.MAX_VALUE
                        && tensor.offset() % tensor.dtype().bytes() == 0;
        if (!mappable) {
            return Optional.empty();
        }
        FileChannel writable;
        try {
            writable = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (FileSystemException e) {
            return Optional.empty();
        }
        try (writable) {
            // Mapping what is beyond the end would make the file longer.
            if (writable.size() != size) {
                throw TensorMessage.CHANGED.fileError(file);
            }
            return Optional.of(writable.map(MapMode.PRIVATE, tensor.offset(), tensor.byteCount()));
        }
    }

    /** Returns the pages of a tensor as they are in the file; empty if it has none. */
    Optional<MappedByteBuffer> pages(TensorInfo tensor) throws IOException {
        if (tensor.byteCount() == 0 || tensor.byteCount() > Integer.MAX_VALUE) {
            return Optional.empty();
        }
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.size() != size
                    ? Optional.empty()
                    : Optional.of(
                            channel.map(MapMode.READ_ONLY, tensor.offset(), tensor.byteCount()));
        }
    }
}

package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Batches that a file prescribes, in its order: the tensor {@code batches} (steps, B, T) of whole
 * numbers.
 */
final class TokenIdBatches implements BatchSource {
    private static final String TENSOR = "batches";

    private final long[] ids;
    private final int steps;
    private final int rows;
    private final int length;

    private TokenIdBatches(long[] ids, Shape shape) {
        this.ids = ids;
        this.steps = (int) shape.get(0);
        this.rows = (int) shape.get(1);
        this.length = (int) shape.get(2);
    }

    /**
     * Reads a file.
     *
     * @param file the safetensors file
     * @param vocabularySize the ids must be below
     * @param manager for the reading alone
     */
    static TokenIdBatches read(Path file, int vocabularySize, NDManager manager)
            throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file);
                NDManager scope = manager.newSubManager()) {
            TensorInfo info = reader.tensor(TENSOR);
            Shape shape = info.shape();
            boolean whole = info.dtype() == TensorDtype.I64 || info.dtype() == TensorDtype.I32;
            if (!whole || shape.dimension() != 3 || shape.size() == 0) {
                throw new BadInputException(
                        file
                                + ": tensor batches is "
                                + info.dtype()
                                + " "
                                + shape
                                + "; it must be I64 or I32 of the shape (steps, B, T).");
            }
            if (shape.get(2) < 2) {
                throw new BadInputException(
                        file + ": tensor batches has rows of one token, which predict nothing.");
            }
            NDArray array = reader.read(TENSOR, scope); // (steps, B, T)
            return new TokenIdBatches(
                    TokenIds.of(array, vocabularySize, file + ": tensor batches"), shape);
        }
    }

    /** Returns how many batches there are. */
    int steps() {
        return steps;
    }

    @Override
    public NDArray batch(int step, NDManager manager) {
        int size = rows * length;
        long[] batch = new long[size];
        System.arraycopy(ids, (step - 1) * size, batch, 0, size);
        return manager.create(batch, new Shape(rows, length)); // (B, T)
    }
}

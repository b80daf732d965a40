package dev.ligature.plan;

import ai.djl.ndarray.types.DataType;
import java.util.List;

/**
 * One factor pair that an adapter is to have: A of shape (r, in) and B of shape (out, r) for a
 * weight of shape (out, in), with ΔW = scaling · B · A, read by one module or by several that are
 * tied.
 *
 * @param weight the name of the weight the pair belongs to, as in {@link ModelLayout.Module#weight}
 * @param readers the modules that read the pair, in the model's order; at least one
 * @param out the rows of the weight
 * @param in the columns of the weight
 * @param rank the rank r
 * @param alpha the numerator of the scaling
 * @param scaling alpha / r, or alpha / √r with {@code use_rslora}
 * @param dropout the probability with which linear readers drop an element of their input in
 *     training
 * @param init how the factors start
 * @param dataType the factors' data type: float64 on a float64 base, else float32
 */
public record PairPlan(
        String weight,
        List<Reader> readers,
        long out,
        long in,
        int rank,
        double alpha,
        double scaling,
        double dropout,
        LoraInit init,
        DataType dataType) {
    /** Copies the list. */
    public PairPlan {
        readers = List.copyOf(readers);
        if (readers.isEmpty()) {
            throw new IllegalArgumentException("A pair of " + weight + " has no reader");
        }
    }

    /**
     * A module that reads the pair.
     *
     * @param module the module's name
     * @param kind how it reads its weight, {@link ModuleKind#LINEAR} or {@link
     *     ModuleKind#EMBEDDING}
     */
    public record Reader(String module, ModuleKind kind) {}

    /** Returns the name of the first reader, by which the pair is known. */
    public String name() {
        return readers.get(0).module();
    }

    /** Returns whether any reader is linear, which decides how the factors start. */
    public boolean hasLinearReader() {
        return readers.stream().anyMatch(reader -> reader.kind() == ModuleKind.LINEAR);
    }

    /** Returns the number of elements of both factors. */
    public long parameterCount() {
        return rank * (in + out);
    }

    /** Returns the bytes of both factors. */
    public long byteCount() {
        return parameterCount() * dataType.getNumOfBytes();
    }
}

package dev.ligature.plan;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.config.LoraInit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One factor pair of an adapter: A of shape (r, in) and B of shape (out, r) for a weight of shape
 * (out, in), with ΔW = scaling · B · A, read by one module or by several that are tied. The weight
 * of a convolution is taken as a matrix, with one column for each element of a kernel.
 *
 * @param weight the name of the weight the pair belongs to, as in {@link ModelLayout.Module#weight}
 * @param readers the modules that read the pair, in the model's order; at least one
 * @param geometry the shape of the weight
 * @param strength how much the pair can change and how much it counts
 * @param variant what the pair does beyond plain LoRA
 * @param dataType the factors' data type: float64 on a float64 base, else float32
 */
public record PairPlan(
        String weight,
        List<Reader> readers,
        Geometry geometry,
        Strength strength,
        Variant variant,
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
     * @param module the module's name; of a parameter, that of the block that has it
     * @param kind how it reads its weight; not {@link ModuleKind#OTHER}
     * @param slot the name of the annotated module, which the block is or is in
     * @param parameter the parameter's name below that
     */
    public record Reader(String module, ModuleKind kind, String slot, String parameter) {
        /** Names an annotated module that reads its weight. */
        public Reader(String module, ModuleKind kind) {
            this(module, kind, module, ModelLayout.Parameter.WEIGHT);
        }
    }

    /**
     * The shape of a weight as a matrix.
     *
     * @param out the rows of the weight
     * @param in the columns of A: those of the weight; of a grouped convolution, those of all
     *     groups
     * @param kernel what makes the weight that of a convolution; null for a matrix
     * @param transposed whether the base stores the weight as (in, out)
     */
    public record Geometry(long out, long in, @Nullable Kernel kernel, boolean transposed) {
        /**
         * Returns the geometry of a matrix or a table.
         *
         * @param shape its shape, (out, in)
         * @param transposed whether it is stored as (in, out)
         */
        public static Geometry ofMatrix(Shape shape, boolean transposed) {
            return new Geometry(shape.get(0), shape.get(1), null, transposed);
        }

        /** Returns the geometry of a convolution's weight, (out, channels / groups, window…). */
        public static Geometry ofConvolution(Shape shape, int groups) {
            Kernel kernel = new Kernel(shape.get(1) * groups, groups, shape.slice(2));
            return new Geometry(
                    shape.get(0), kernel.channels() * kernel.window().size(), kernel, false);
        }
    }

    /**
     * How much a pair can change and how much it counts.
     *
     * @param rank the rank r
     * @param alpha the numerator of the scaling
     * @param scaling alpha / r, or alpha / √r with {@code use_rslora}
     * @param dropout the probability with which readers that are not embeddings drop an element of
     *     their input in training
     */
    public record Strength(int rank, double alpha, double scaling, double dropout) {
        /** Returns the strength with PEFT's scaling. */
        public static Strength of(int rank, double alpha, boolean useRslora, double dropout) {
            return new Strength(rank, alpha, alpha / (useRslora ? Math.sqrt(rank) : rank), dropout);
        }
    }

    /**
     * What a pair does beyond plain LoRA.
     *
     * @param init how the factors start
     * @param dora whether W + ΔW is brought to a trained length, by rows; by columns for an
     *     embedding
     * @param loraBias whether B has a bias of shape (out)
     */
    public record Variant(LoraInit init, boolean dora, boolean loraBias) {}

    /**
     * What makes a weight that of a convolution, (out, channels / groups, window…).
     *
     * @param channels the channels of the input
     * @param groups the groups, each of which reads its own channels
     * @param window the shape of the window, of one dimension or two
     */
    public record Kernel(long channels, int groups, Shape window) {
        /** Returns the shape of A in PEFT's files, (r, channels, window…), whatever the groups. */
        public Shape shapeOfA(long rank) {
            return new Shape(rank, channels).addAll(window);
        }

        /** Returns the shape of B in PEFT's files, (out, r / groups, 1…). */
        public Shape shapeOfB(long out, long rank) {
            Shape shape = new Shape(out, rank / groups);
            for (int i = 0; i < window.dimension(); i++) {
                shape = shape.add(1);
            }
            return shape;
        }
    }

    /** Returns the rows of the weight. */
    public long out() {
        return geometry.out();
    }

    /** Returns the columns of A. */
    public long in() {
        return geometry.in();
    }

    /** Returns whether the base stores the weight as (in, out). */
    public boolean transposed() {
        return geometry.transposed();
    }

    /** Returns what makes the weight that of a convolution; null for a matrix. */
    public @Nullable Kernel kernel() {
        return geometry.kernel();
    }

    /** Returns the rank r. */
    public int rank() {
        return strength.rank();
    }

    /** Returns the numerator of the scaling. */
    public double alpha() {
        return strength.alpha();
    }

    /** Returns what B · A is multiplied by. */
    public double scaling() {
        return strength.scaling();
    }

    /** Returns the probability with which inputs are dropped in training. */
    public double dropout() {
        return strength.dropout();
    }

    /** Returns how the factors start. */
    public LoraInit init() {
        return variant.init();
    }

    /** Returns whether W + ΔW is brought to a trained length. */
    public boolean dora() {
        return variant.dora();
    }

    /** Returns whether B has a bias. */
    public boolean loraBias() {
        return variant.loraBias();
    }

    /** Returns the name of the first reader, by which the pair is known. */
    public String name() {
        return readers.get(0).module();
    }

    /** Returns the shape of A, (r, in). */
    public Shape shapeOfA() {
        return new Shape(rank(), in());
    }

    /** Returns the shape of B, (out, r); of a grouped convolution (out, r / groups). */
    public Shape shapeOfB() {
        Kernel kernel = kernel();
        return new Shape(out(), kernel == null ? rank() : rank() / kernel.groups());
    }

    /** Returns whether any reader is not an embedding, which decides how the factors start. */
    public boolean hasLinearReader() {
        return readers.stream().anyMatch(reader -> reader.kind() != ModuleKind.EMBEDDING);
    }

    /**
     * Returns whether the factors start from the weight, and ΔW = s (B A − B₀ A₀) with what they
     * started with, so that ΔW is zero at the start.
     */
    public boolean startsFromWeight() {
        return init().startsFromWeight() && hasLinearReader();
    }

    /** Returns whether the pair adds ΔW to a matrix or a table, and does nothing else. */
    public boolean isPlain() {
        return kernel() == null && !dora() && !loraBias() && !startsFromWeight();
    }

    /** Returns the number of lengths that DoRA trains: one a row, or a column of an embedding. */
    public long magnitudes() {
        return readers.get(0).kind() == ModuleKind.EMBEDDING ? in() : out();
    }

    /** Returns the number of elements of the factors, and of lengths and bias if there are any. */
    public long parameterCount() {
        return shapeOfA().size()
                + shapeOfB().size()
                + (dora() ? magnitudes() : 0)
                + (loraBias() ? out() : 0);
    }

    /** Returns the bytes of both factors. */
    public long byteCount() {
        return parameterCount() * dataType.getNumOfBytes();
    }
}

package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How PEFT stores a factor pair for a module of a kind.
 *
 * <p>For a weight of shape (out, in) a linear module has {@code lora_A} (r, in) and {@code lora_B}
 * (out, r). An embedding, whose weight is (out = V, in = d), has {@code lora_embedding_A} (r, V) =
 * Bᵀ and {@code lora_embedding_B} (d, r) = Aᵀ: this is the only place where that is known. A
 * convolution has A (r, channels, window…) and B (out, r / groups, 1…).
 */
enum FactorLayout {
    /** {@code lora_A.weight} (r, in) and {@code lora_B.weight} (out, r). */
    LINEAR("lora_A.weight", "lora_B.weight"),

    /** {@code lora_embedding_A} (r, V) and {@code lora_embedding_B} (d, r). */
    EMBEDDING("lora_embedding_A", "lora_embedding_B"),

    /**
     * {@code lora_A.weight} (r, channels, window…) and {@code lora_B.weight} (out, r / groups, 1…).
     */
    CONVOLUTION("lora_A.weight", "lora_B.weight");

    private final String first;
    private final String second;

    FactorLayout(String first, String second) {
        this.first = first;
        this.second = second;
    }

    static FactorLayout of(ModuleKind kind) {
        return switch (kind) {
            case LINEAR, PARAMETER -> LINEAR;
            case EMBEDDING -> EMBEDDING;
            case CONVOLUTION -> CONVOLUTION;
            case OTHER -> throw new IllegalArgumentException("LoRA adapts no " + kind);
        };
    }

    /** Returns the name of PEFT's A of a module. */
    String firstName(String module) {
        return module + "." + first;
    }

    /** Returns the name of PEFT's B of a module. */
    String secondName(String module) {
        return module + "." + second;
    }

    /** Returns the name of the bias of PEFT's B of a module. */
    static String biasName(String module) {
        return module + ".lora_B.bias";
    }

    /** Returns the name of DoRA's lengths of a module. */
    static String magnitudeName(String module) {
        return module + ".lora_magnitude_vector";
    }

    /** Returns the shape of PEFT's A. */
    Shape firstShape(PairPlan pair) {
        return switch (this) {
            case LINEAR -> pair.shapeOfA();
            case EMBEDDING -> new Shape(pair.rank(), pair.out());
            case CONVOLUTION -> kernel(pair).shapeOfA(pair.rank());
        };
    }

    /** Returns the shape of PEFT's B. */
    Shape secondShape(PairPlan pair) {
        return switch (this) {
            case LINEAR -> pair.shapeOfB();
            case EMBEDDING -> new Shape(pair.in(), pair.rank());
            case CONVOLUTION -> kernel(pair).shapeOfB(pair.out(), pair.rank());
        };
    }

    /** Returns the shape of DoRA's lengths, (out), (d) or for a convolution (1, out, 1…). */
    Shape magnitudeShape(PairPlan pair) {
        Shape shape = new Shape(pair.magnitudes());
        if (this == CONVOLUTION) {
            shape = new Shape(1).addAll(shape);
            for (int i = 0; i < kernel(pair).window().dimension(); i++) {
                shape = shape.add(1);
            }
        }
        return shape;
    }

    /**
     * Returns the pair of what is stored.
     *
     * @param storedA PEFT's A
     * @param storedB PEFT's B
     * @param bias the bias of B, if there is one
     * @param magnitude DoRA's lengths, if there are any
     */
    Factors toFactors(
            PairPlan pair,
            NDArray storedA,
            NDArray storedB,
            @Nullable NDArray bias,
            @Nullable NDArray magnitude) {
        return switch (this) {
            case LINEAR -> new Factors(storedA, storedB, bias, magnitude);
            case EMBEDDING -> // (d, r) -> (r, d) and (r, V) -> (V, r)
                    new Factors(transposed(storedB), transposed(storedA), bias, magnitude);
            case CONVOLUTION ->
                    new Factors(
                            storedA.reshape(pair.shapeOfA()), // (r, channels · window)
                            storedB.reshape(pair.shapeOfB()), // (out, r / groups)
                            bias,
                            magnitude == null ? null : magnitude.reshape(pair.magnitudes()));
        };
    }

    /** Returns PEFT's A of a pair; a view or the factor itself. */
    NDArray storedA(PairPlan pair, Factors factors) {
        return switch (this) {
            case LINEAR -> factors.a();
            case EMBEDDING -> factors.b().transpose(); // (V, r) -> (r, V)
            case CONVOLUTION -> factors.a().reshape(firstShape(pair));
        };
    }

    /** Returns PEFT's B of a pair; a view or the factor itself. */
    NDArray storedB(PairPlan pair, Factors factors) {
        return switch (this) {
            case LINEAR -> factors.b();
            case EMBEDDING -> factors.a().transpose(); // (r, d) -> (d, r)
            case CONVOLUTION -> factors.b().reshape(secondShape(pair));
        };
    }

    private static PairPlan.Kernel kernel(PairPlan pair) {
        return Objects.requireNonNull(pair.kernel());
    }

    /** Returns the transposed array with its elements laid out anew, not a view of the other. */
    private static NDArray transposed(NDArray array) {
        try (NDArray view = array.transpose();
                NDArray flat = view.reshape(-1)) { // copies, because the view has gaps
            return flat.reshape(view.getShape());
        }
    }
}

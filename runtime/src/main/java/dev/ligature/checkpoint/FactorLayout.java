package dev.ligature.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.AdapterDirectory.Factors;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;

/**
 * How PEFT stores a factor pair for a module of a kind.
 *
 * <p>For a weight of shape (out, in) a linear module has {@code lora_A} (r, in) and {@code lora_B}
 * (out, r). An embedding, whose weight is (out = V, in = d), has {@code lora_embedding_A} (r, V) =
 * Bᵀ and {@code lora_embedding_B} (d, r) = Aᵀ: this is the only place where that is known.
 */
enum FactorLayout {
    /** {@code lora_A.weight} (r, in) and {@code lora_B.weight} (out, r). */
    LINEAR("lora_A.weight", "lora_B.weight"),

    /** {@code lora_embedding_A} (r, V) and {@code lora_embedding_B} (d, r). */
    EMBEDDING("lora_embedding_A", "lora_embedding_B");

    private final String first;
    private final String second;

    FactorLayout(String first, String second) {
        this.first = first;
        this.second = second;
    }

    static FactorLayout of(ModuleKind kind) {
        return switch (kind) {
            case LINEAR -> LINEAR;
            case EMBEDDING -> EMBEDDING;
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

    /** Returns the shape of PEFT's A. */
    Shape firstShape(PairPlan pair) {
        return new Shape(pair.rank(), this == LINEAR ? pair.in() : pair.out());
    }

    /** Returns the shape of PEFT's B. */
    Shape secondShape(PairPlan pair) {
        return new Shape(this == LINEAR ? pair.out() : pair.in(), pair.rank());
    }

    /**
     * Returns the pair of what is stored.
     *
     * @param storedA PEFT's A
     * @param storedB PEFT's B
     */
    Factors toFactors(NDArray storedA, NDArray storedB) {
        return this == LINEAR
                ? new Factors(storedA, storedB)
                : new Factors(transposed(storedB), transposed(storedA)); // (d, r) -> (r, d)
    }

    /** Returns PEFT's A of a pair; a view or the factor itself. */
    NDArray storedA(Factors factors) {
        return this == LINEAR ? factors.a() : factors.b().transpose(); // (V, r) -> (r, V)
    }

    /** Returns PEFT's B of a pair; a view or the factor itself. */
    NDArray storedB(Factors factors) {
        return this == LINEAR ? factors.b() : factors.a().transpose(); // (r, d) -> (d, r)
    }

    /** Returns the transposed array with its elements laid out anew, not a view of the other. */
    private static NDArray transposed(NDArray array) {
        try (NDArray view = array.transpose();
                NDArray flat = view.reshape(-1)) { // copies, because the view has gaps
            return flat.reshape(view.getShape());
        }
    }
}

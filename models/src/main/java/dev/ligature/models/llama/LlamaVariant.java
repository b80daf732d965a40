package dev.ligature.models.llama;

import java.util.Arrays;
import java.util.Optional;

/** The model types that {@link LlamaForCausalLM} implements. */
public enum LlamaVariant {
    /** Llama, and what is published as Llama. */
    LLAMA("llama", "LlamaForCausalLM", 2048),

    /** Qwen2: like Llama, always with a bias on the query, key and value projections. */
    QWEN2("qwen2", "Qwen2ForCausalLM", 32768);

    private final String modelType;
    private final String architecture;
    private final int defaultPositions;

    LlamaVariant(String modelType, String architecture, int defaultPositions) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.defaultPositions = defaultPositions;
    }

    /** Returns the {@code model_type} of config.json. */
    public String modelType() {
        return modelType;
    }

    /** Returns the class that Transformers loads, which config.json lists in architectures. */
    String architecture() {
        return architecture;
    }

    /** Returns what Transformers takes for an absent {@code max_position_embeddings}. */
    int defaultPositions() {
        return defaultPositions;
    }

    static Optional<LlamaVariant> of(String modelType) {
        return Arrays.stream(values())
                .filter(family -> family.modelType.equals(modelType))
                .findFirst();
    }
}

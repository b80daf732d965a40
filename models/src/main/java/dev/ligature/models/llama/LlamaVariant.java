package dev.ligature.models.llama;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The model types that {@link LlamaForCausalLM} implements. */
public enum LlamaVariant {
    /** Llama, and what is published as Llama, such as SmolLM2. */
    LLAMA("llama", "LlamaForCausalLM", 2048, 0),

    /** Qwen2: always with a bias on the query, key and value projections. */
    QWEN2("qwen2", "Qwen2ForCausalLM", 32768, 0),

    /** Qwen3: a norm over each head's queries and keys. */
    QWEN3("qwen3", "Qwen3ForCausalLM", 32768, 32),

    /** Mistral: tokens that see a window of the text, in some versions. */
    MISTRAL("mistral", "MistralForCausalLM", 131072, 8),

    /** SmolLM3: every fourth layer knows no positions. */
    SMOLLM3("smollm3", "SmolLM3ForCausalLM", 32768, 4);

    private final String modelType;
    private final String architecture;
    private final int defaultPositions;
    private final int defaultKeyValueHeads;

    LlamaVariant(
            String modelType, String architecture, int defaultPositions, int defaultKeyValueHeads) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.defaultPositions = defaultPositions;
        this.defaultKeyValueHeads = defaultKeyValueHeads;
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

    /** Returns what it takes for an absent {@code num_key_value_heads}; 0: all query heads. */
    int defaultKeyValueHeads() {
        return defaultKeyValueHeads;
    }

    /** Returns whether Transformers looks at {@code attention_bias}. */
    boolean readsAttentionBias() {
        return this == LLAMA || this == QWEN3 || this == SMOLLM3;
    }

    /** Returns whether Transformers looks at {@code mlp_bias}. */
    boolean readsMlpBias() {
        return this == LLAMA || this == SMOLLM3;
    }

    /** Returns whether queries and keys have norms. */
    boolean hasHeadNorms() {
        return this == QWEN3;
    }

    static Optional<LlamaVariant> of(String modelType) {
        return Arrays.stream(values())
                .filter(family -> family.modelType.equals(modelType))
                .findFirst();
    }

    /** Returns the model types, for messages. */
    static String types() {
        return Arrays.stream(values())
                .map(LlamaVariant::modelType)
                .collect(Collectors.joining(", "));
    }
}

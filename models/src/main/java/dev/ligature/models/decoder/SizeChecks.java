package dev.ligature.models.decoder;

import dev.ligature.models.internal.ModelMessage;

/** Checks sizes by the names that config.json has for them. */
public final class SizeChecks {
    /** The blocks of the layers are made before the checkpoint is looked at. */
    private static final int MOST_LAYERS = 10_000;

    private SizeChecks() {}

    /** Refuses a value that does not hold. */
    public static void require(boolean holds, String field, Number value, String wanted) {
        if (!holds) {
            throw ModelMessage.FIELD_VALUE.error(field, value, wanted);
        }
    }

    /** Refuses a number that is not positive. */
    public static void positive(String field, Number value) {
        require(value.doubleValue() > 0, field, value, "positive");
    }

    /** Refuses a number of layers that no model has. */
    public static void layers(String field, int layers) {
        require(
                layers > 0 && layers <= MOST_LAYERS,
                field,
                layers,
                "positive and at most " + MOST_LAYERS);
    }

    /** Refuses heads that do not fit each other. */
    public static void heads(int queries, int keyValues, int size) {
        positive("num_attention_heads", queries);
        require(
                keyValues > 0 && queries % keyValues == 0,
                "num_key_value_heads",
                keyValues,
                "a divisor of num_attention_heads, " + queries);
        require(
                size > 0 && size % 2 == 0,
                "head_dim, or hidden_size / num_attention_heads where it is not set,",
                size,
                "positive and even");
    }

    /** Refuses a hidden size that the heads do not divide. */
    public static void divides(int hiddenSize, int heads) {
        require(
                hiddenSize % heads == 0,
                "hidden_size",
                hiddenSize,
                "a multiple of num_attention_heads, " + heads);
    }
}

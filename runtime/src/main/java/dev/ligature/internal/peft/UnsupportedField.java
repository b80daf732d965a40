package dev.ligature.internal.peft;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of PEFT's {@code LoraConfig} that Ligature does not implement. A file may name them
 * with their default, which asks for nothing; any other value is refused.
 */
public enum UnsupportedField {
    ALORA_INVOCATION_TOKENS("alora_invocation_tokens", null, "aLoRA"),
    ARROW_CONFIG("arrow_config", null, "Arrow routing"),
    CORDA_CONFIG("corda_config", null, "CorDA"),
    EVA_CONFIG("eva_config", null, "EVA"),
    KASA_CONFIG("kasa_config", null, "KaSA"),
    LAYER_REPLICATION("layer_replication", null, "layer replication"),
    LOFTQ_CONFIG("loftq_config", Map.of(), "LoftQ"),
    LORA_GA_CONFIG("lora_ga_config", null, "LoRA-GA"),
    MEGATRON_CONFIG("megatron_config", null, "Megatron"),
    MEGATRON_CORE("megatron_core", "megatron.core", "Megatron"),
    MONTECLORA_CONFIG("monteclora_config", null, "MonteCLoRA"),
    QALORA_GROUP_SIZE("qalora_group_size", new BigDecimal(16), "QALoRA"),
    RUNTIME_CONFIG("runtime_config", Map.of("ephemeral_gpu_offload", false), "offloading"),
    USE_BDLORA("use_bdlora", null, "BD-LoRA"),
    USE_QALORA("use_qalora", false, "QALoRA"),
    VELORA_CONFIG("velora_config", null, "VeLoRA");

    private final String field;

    @SuppressWarnings("ImmutableEnumChecker") // the literals above, none of which can change
    private final @Nullable Object normal;

    private final String feature;

    UnsupportedField(String field, @Nullable Object normal, String feature) {
        this.field = field;
        this.normal = normal;
        this.feature = feature;
    }

    /** Returns the name of the field. */
    public String field() {
        return field;
    }

    /** Returns PEFT's default. */
    @Nullable Object normal() {
        return normal;
    }

    /** Returns what the field asks for, for messages. */
    String feature() {
        return feature;
    }

    /** Returns whether a file writes the field; PEFT keeps {@code runtime_config} out. */
    public boolean isWritten() {
        return this != RUNTIME_CONFIG;
    }

    /** Returns whether a value asks for nothing. */
    boolean isHarmless(@Nullable Object value) {
        return value == null
                || isEmpty(value)
                || value.equals(normal)
                || (value instanceof BigDecimal number
                        && normal instanceof BigDecimal other
                        && number.compareTo(other) == 0);
    }

    /** Returns whether a value is null, false or empty, by which no field asks for anything. */
    public static boolean isEmpty(@Nullable Object value) {
        return value == null
                || value.equals(false)
                || value.equals("")
                || (value instanceof List<?> list && list.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty());
    }
}

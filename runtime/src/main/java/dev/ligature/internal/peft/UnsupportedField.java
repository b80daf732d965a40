package dev.ligature.internal.peft;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of PEFT's {@code LoraConfig} that Ligature does not implement. A file may name them
 * with their default, which asks for nothing. Another value is refused, or noted where it changes
 * nothing that a trained adapter computes.
 */
public enum UnsupportedField {
    ALORA_INVOCATION_TOKENS("alora_invocation_tokens", null, "aLoRA"),
    ARROW_CONFIG("arrow_config", null, "Arrow routing"),
    CORDA_CONFIG("corda_config", null, "CorDA", "init_lora_weights does not ask for CorDA"),
    EVA_CONFIG("eva_config", null, "EVA", "EVA chooses how the factors start, and nothing else"),
    KASA_CONFIG("kasa_config", null, "KaSA"),
    LAYER_REPLICATION("layer_replication", null, "layer replication"),
    LOFTQ_CONFIG("loftq_config", Map.of(), "LoftQ", "init_lora_weights does not ask for LoftQ"),
    LORA_GA_CONFIG("lora_ga_config", null, "LoRA-GA", "init_lora_weights does not ask for LoRA-GA"),
    MEGATRON_CONFIG("megatron_config", null, "Megatron"),
    MEGATRON_CORE("megatron_core", "megatron.core", "Megatron", "it only names a Python module"),
    MONTECLORA_CONFIG("monteclora_config", null, "MonteCLoRA"),
    QALORA_GROUP_SIZE(
            "qalora_group_size",
            new BigDecimal(16),
            "QALoRA",
            "PEFT applies QALoRA to a quantized base alone"),
    RUNTIME_CONFIG(
            "runtime_config",
            Map.of("ephemeral_gpu_offload", false),
            "offloading",
            "it says where arrays are while PEFT runs"),
    USE_BDLORA("use_bdlora", null, "BD-LoRA"),
    USE_QALORA("use_qalora", false, "QALoRA", "PEFT applies QALoRA to a quantized base alone"),
    VELORA_CONFIG(
            "velora_config", null, "VeLoRA", "VeLoRA saves memory in training, and nothing else");

    private final String field;

    @SuppressWarnings("ImmutableEnumChecker") // the literals above, none of which can change
    private final @Nullable Object normal;

    private final String feature;
    private final String harmless;

    UnsupportedField(String field, @Nullable Object normal, String feature) {
        this(field, normal, feature, "");
    }

    /**
     * @param harmless why no value changes what an adapter computes that is trained
     */
    UnsupportedField(String field, @Nullable Object normal, String feature, String harmless) {
        this.field = field;
        this.normal = normal;
        this.feature = feature;
        this.harmless = harmless;
    }

    /** Returns why no value changes what a trained adapter computes; empty if one does. */
    String harmless() {
        return harmless;
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
                || (isEmpty(value) && !(value instanceof Map && isOnWhereEmpty()))
                || value.equals(normal)
                || (value instanceof BigDecimal number
                        && normal instanceof BigDecimal other
                        && number.compareTo(other) == 0);
    }

    /** Returns whether PEFT computes a variant where the field is an object with nothing in it. */
    private boolean isOnWhereEmpty() {
        return switch (this) {
            case ARROW_CONFIG, KASA_CONFIG, MONTECLORA_CONFIG, USE_BDLORA -> true;
            default -> false;
        };
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

package dev.ligature.internal.peft;

import dev.ligature.internal.diag.Message;

/** What is reported about the files of an adapter. */
enum PeftMessage implements Message {
    NO_PEFT_TYPE(
            "AdapterConfigPeftType",
            "%1$s: peft_type is missing, not 'LORA'. Add it, if this is the configuration of a LoRA"
                    + " adapter."),
    NOT_LORA(
            "AdapterConfigPeftType",
            "%1$s: peft_type is '%2$s', not 'LORA'. Only LoRA adapters are supported: use one."),
    UNSUPPORTED(
            "AdapterConfigUnsupported",
            "%1$s: %2$s, which is not supported, and the adapter would be wrong without it. Train"
                    + " an adapter that leaves it at PEFT's default."),
    INIT_OF_TRAINING(
            "AdapterConfigUnsupported",
            "%1$s: init_lora_weights is '%2$s', which is not supported. An adapter that is trained"
                    + " does not need it: set it to true."),
    INIT_OF_THE_BASE(
            "AdapterConfigUnsupported",
            "%1$s: init_lora_weights is '%2$s', which is not supported. It may change the base's"
                    + " weights: convert the adapter with PEFT (save_pretrained with"
                    + " path_initial_model_for_weight_conversion), or train one with another"
                    + " init."),
    UNKNOWN_FIELD(
            "AdapterConfigUnknownField",
            "%1$s: %2$s is %3$s, and PEFT 0.21 has no such field, so its effect is not known.%4$s"
                    + " Correct or remove it.");

    private final String code;
    private final String pattern;

    PeftMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}

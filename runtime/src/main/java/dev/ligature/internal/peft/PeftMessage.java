package dev.ligature.internal.peft;

import dev.ligature.internal.diag.Message;

/** What is reported about adapters in PEFT's format: their configurations, then their tensors. */
enum PeftMessage implements Message {
    FIELD_TYPE("AdapterConfigType", "%1$s: %2$s is %3$s, not %4$s. Correct it."),
    ENTRIES(
            "AdapterConfigEntries",
            "%1$s: %2$s has %3$s entries, and at most %4$s are read. Use fewer, or a regular"
                    + " expression."),
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
    INIT_OF_THE_BASE(
            "AdapterConfigUnsupported",
            "%1$s: init_lora_weights is '%2$s', which is not supported. It may change the base's"
                    + " weights: convert the adapter with PEFT (save_pretrained with"
                    + " path_initial_model_for_weight_conversion), or train one with another"
                    + " init."),
    UNKNOWN_FIELD(
            "AdapterConfigUnknownField",
            "%1$s: %2$s is %3$s, and PEFT 0.21 has no such field, so its effect is not known.%4$s"
                    + " Correct or remove it."),
    CONFIG_MISSING(
            "CheckpointMissing",
            "%1$s has no adapter_config.json. Name the directory of a PEFT adapter."),
    CONFIG_IN_FOLDERS(
            "CheckpointMissing",
            "%1$s has no adapter_config.json, but folders with one: %2$s. Name the one that is"
                    + " meant, such as %3$s."),
    PICKLED(
            "CheckpointPickled",
            "%1$s has its factors in %2$s, a pickle, which can run any code when it is read and is"
                    + " not read here. Load it with PEFT and save it again, with"
                    + " safe_serialization=True, which is the default: that writes"
                    + " adapter_model.safetensors."),
    TORCHTUNE(
            "CheckpointPickled",
            "%1$s has its factors in %2$s, a pickle of torchtune in torchtune's own names, which is"
                    + " not read here. Save with torchtune's FullModelHFCheckpointer, of version 0.5"
                    + " or later and with safe_serialization: True, its default: that writes"
                    + " adapter_model.safetensors and adapter_config.json. docs/files.md says how"
                    + " to convert what is there."),
    OTHER_FORMAT(
            "CheckpointFormat", "%1$s has %2$s, %3$s, in place of adapter_model.safetensors. %4$s"),
    MLX_KIND(
            "AdapterOfMlx",
            "%1$s: fine_tune_type is '%2$s'. Of mlx-lm's adapters, those of 'lora' can be read."
                    + " Fuse it into its base with mlx_lm.fuse."),
    MLX_KEY(
            "AdapterOfMlx",
            "%1$s has '%2$s'. An adapter of mlx-lm can be read if it has only lora_a and lora_b."
                    + " Fuse it into its base with mlx_lm.fuse."),
    MLX_UNNAMED(
            "AdapterOfMlx",
            "%1$s: the adapter has factors of %2$s, which keys %3$s of lora_parameters does not"
                    + " name: mlx-lm would leave them out. Add the module to keys, or remove the"
                    + " factors."),

    CONFIG_CHANGED(
            "CheckpointChanged", "%1$s was replaced after it was read. Load the adapter again."),
    KEY_UNKNOWN(
            "AdapterKeyUnknown",
            "%1$s has %2$s, which nothing in the model would use. Check that the adapter is one of"
                    + " this base model, and the fields of its config that decide: %3$s; what is"
                    + " known to be harmless can be named in AdapterLoadOptions.ignore."),
    KEY_TWICE(
            "AdapterKeyUnknown",
            "%1$s has both '%2$s' and '%3$s', which mean one tensor and may differ. Remove one of"
                    + " them."),
    TENSOR_MISSING(
            "AdapterTensorMissing",
            "%1$s has no %2$s, which its config asks for in this model. Check that the adapter is"
                    + " complete and is one of this base model, and the fields of its config that"
                    + " decide: %3$s; what is to start anew can be named in"
                    + " AdapterLoadOptions.allowMissing."),
    DATA_TYPE(
            "TensorDtype",
            "%1$s: '%2$s' has the data type %3$s, which a factor cannot have. Convert it to F32,"
                    + " F16 or BF16."),
    SHAPE(
            "AdapterShape",
            "%1$s: '%2$s' is %3$s instead of %4$s: %5$s. Check that the adapter is one of this"
                    + " base model; what is to start anew can be named in"
                    + " AdapterLoadOptions.allowMissing."),
    BASE_DIFFERS(
            "AdapterBaseDiffers",
            "%1$s has weights of its base that are not those of the given base: %2$s. The adapter"
                    + " was trained on another base, or on one that was changed before, or"
                    + " modules_to_save and ensure_weight_tying of its config leave them out. Use its own base; or choose with AdapterLoadOptions.onBaseDifference: 'file' computes"
                    + " with the file's values, as PEFT does, 'keep' with those of the given"
                    + " base."),
    BASE_NOT_READ(
            "AdapterBaseDiffers",
            "%1$s has a weight of its base that cannot take the place of the given base's: %2$s."
                    + " Its vocabulary was resized, or PEFT does not read it under this name. Use a"
                    + " base of that shape; or choose 'keep' with"
                    + " AdapterLoadOptions.onBaseDifference to compute with the given base's."),
    FACTORS_DIFFER(
            "AdapterCopiesDiffer",
            "%1$s: %2$s. They are copies of one factor, because their modules are tied and"
                    + " ensure_weight_tying is on. Name the module whose copy is to be used for all"
                    + " in AdapterLoadOptions.preferCopyOf; or, where PEFT did not tie them, read each"
                    + " as a pair of its own with AdapterLoadOptions.untied."),
    TASK(
            "AdapterTask",
            "The adapter in %1$s has the task_type %2$s, but the model is %3$s. Load it into the model"
                    + " it was made for, or an adapter of task_type %4$s into this one."),
    VALUES_DIFFER(
            "AdapterCopiesDiffer",
            "%1$s: %2$s. They are copies of one weight, because their modules are tied. Name the"
                    + " module whose values are to be used in AdapterLoadOptions.preferCopyOf, or"
                    + " load the adapter into an untied base.");

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

package dev.ligature.internal.effect;

import dev.ligature.internal.diag.Message;

/** What is reported of the effects of adapters. */
enum EffectMessage implements Message {
    BLOCK_NEVER_REACHED(
            "LoraNeverReached",
            "Adapter %1$s adapts %2$s, but the forward pass neither called the block nor"
                    + " asked for its weight, so the adapter has no effect there. Call the block"
                    + " through its annotated field, or take the module out of target_modules. If"
                    + " only some inputs make the model call it, run one of those first; a pass of"
                    + " the base alone is enough."),
    PARAMETER_NEVER_REACHED(
            "LoraNeverReached",
            "Adapter %1$s adapts %2$s, but the forward pass never asked for that parameter"
                    + " of the block, so the adapter has no effect there. Use it in the block's"
                    + " forward pass, or take it out of target_parameters, or its module out of"
                    + " modules_to_save."),
    UNREACHED(
            "LoraUnreached",
            "Adapter %1$s adapts %2$s, which none of its first %3$s passes reached, so the"
                    + " adapter has had no effect there. If no input makes the model call these"
                    + " modules, take them out of target_modules or modules_to_save."),
    TREATED_DIFFERENTLY(
            "LoraTieTreatedDifferently",
            "Adapter %1$s treats the readers of one tied weight differently: %2$s. %3$s One"
                    + " weight cannot hold two updates. Give the readers weights of their own before"
                    + " training (untie the base), or train the adapter with ensure_weight_tying."),
    GROUPED_CONVOLUTION(
            "LoraConvolutionMerge",
            "The update of module %1$s, a convolution of %2$s groups, reads all channels"
                    + " for each group, so no kernel of the base's shape holds it, and the adapter"
                    + " cannot be merged, in PEFT neither. Serve it by its routed block.");

    private final String code;
    private final String pattern;

    EffectMessage(String code, String pattern) {
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

package dev.ligature.internal.slot;

import dev.ligature.internal.diag.Message;

/** What is reported of models that cannot be wrapped, and of wrapped ones. */
enum SlotMessage implements Message {
    MODEL_NOT_INITIALIZED(
            "LoraNotInitialized",
            "The model %1$s has no arrays yet, so the shapes of its weights are unknown."
                    + " Load a checkpoint into it, or call initialize, before wrapping it."),
    WEIGHT_NOT_INITIALIZED(
            "LoraNotInitialized",
            "The weight of module %1$s, a %2$s, has no array, although the model is initialised."
                    + " Add the block with addChildBlock, so that it is initialised with the model."),
    ALREADY_WRAPPED(
            "LoraAlreadyWrapped",
            "Module %1$s is wrapped already. Use the LoraModel that wraps it, or unwrap"
                    + " that first."),
    UNWRAPPED(
            "LoraUnwrapped",
            "The model was unwrapped, so adapters have no effect on it. Wrap it again and"
                    + " load them."),
    BASE_CLOSED(
            "LoraBaseClosed",
            "The manager of the base's arrays is closed, so the model has no weights. Close it after"
                    + " the last use of the model; load and wrap the model again."),
    WEIGHT_CHANGED(
            "LoraWeightChanged",
            "Module %1$s, a %2$s, reads another weight than it did when the model was wrapped."
                    + " Unwrap the model before the block is untied or its weight replaced, and wrap"
                    + " it again."),
    TIE_BROKEN(
            "LoraTieBroken",
            "Module %1$s is declared as tied to %2$s, but its %3$s does not read the weight"
                    + " of the %4$s there. Build it on the block it shares with (new"
                    + " TiedLinear(source), new TiedEmbedding(source)), or make the tie conditional"
                    + " with @Tied(when = …)."),
    TIE_UNDECLARED(
            "LoraTieUndeclared",
            "Modules %1$s and %2$s share one weight, but no @Tied says so. Annotate %2$s"
                    + " with @Tied(\"%1$s\"), or give it a weight of its own."),
    BLOCK_KIND(
            "LoraBlockKind",
            "Module %1$s, a %2$s, says that its kind is %3$s, which adapters cannot add to in a"
                    + " block of a class of its own. Return LINEAR, EMBEDDING or OTHER from"
                    + " moduleKind(); target_parameters adapts parameters of any block."),
    BLOCK_WEIGHT(
            "LoraBlockWeight",
            "Module %1$s, a %2$s, says that its kind is %3$s, but its weight has the shape %4$s,"
                    + " which is not a matrix. Return OTHER from moduleKind()."),
    CONVOLUTION_WRONG(
            "LoraConvolutionWrong",
            "The engine computes the float32 convolutions of these modules wrongly on this machine,"
                    + " their output or its gradients: %1$s. Use the model in float64, or on"
                    + " another machine or version of the engine."),
    BLOCK_NULL("LoraBlockNull", "Module %1$s, a %2$s, returns null from %3$s. Return %4$s."),
    BLOCK_STORAGE(
            "LoraBlockStorage",
            "Module %1$s, a %2$s, returns %3$s from isWeightTransposed(), so that its weight of shape"
                    + " %4$s gives %5$s numbers for an input, but its output has %6$s. Return %7$s."),
    BLOCK_OUTPUTS(
            "LoraBlockOutputs",
            "Module %1$s, a %2$s, returned %3$s arrays from a pass with an adapter of the module or"
                    + " with rows of several adapters, which need one. Return one array from the"
                    + " block, or adapt and annotate the blocks inside it."),
    PACKED_TRAINING(
            "LoraPackedBase",
            "The weight of module %1$s is held as %2$s, which can be served and not trained on."
                    + " Load the base without a precision for its weights."),
    ROLE_TWICE(
            "LoraRoleTwice",
            "The modules %1$s all have the role %2$s. A model has one; leave it on that one"
                    + " only."),
    UNTIE_UNKNOWN(
            "LoraUntie",
            "No module of the model is named %1$s.%2$s Name the tied module, such as the"
                    + " output head, in full."),
    UNTIE_AMBIGUOUS(
            "LoraUntie",
            "Several modules are named %1$s: %2$s. Name the tied module, such as the output"
                    + " head, in full."),
    UNTIE_WRAPPED(
            "LoraUntie",
            "Module %1$s is wrapped already. Untie the base before it is wrapped, so that"
                    + " no adapter is tied by then."),
    UNTIE_TWICE(
            "LoraUntie",
            "Module %1$s is untied already. Name a TiedLinear or TiedEmbedding that is"
                    + " tied, such as the output head."),
    UNTIE_NOT_TIED(
            "LoraUntie",
            "Module %1$s is a %2$s, which is no TiedBlock, so it has no shared weight that it could"
                    + " have a copy of. Name a TiedLinear or TiedEmbedding that is tied, such as"
                    + " the output head.");

    private final String code;
    private final String pattern;

    SlotMessage(String code, String pattern) {
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

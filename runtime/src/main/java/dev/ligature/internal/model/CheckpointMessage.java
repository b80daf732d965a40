package dev.ligature.internal.model;

import dev.ligature.internal.diag.Message;

/** What is reported about a base checkpoint and the model that it is for. */
enum CheckpointMessage implements Message {
    PARAMETER_UNCOVERED(
            "LoraParameterUncovered",
            "Parameter %1$s of %2$s belongs to no annotated module, so it has no name in a"
                    + " checkpoint. Annotate the field of its block with @LoraTarget."),
    PARAMETER_NAMES(
            "LoraParameterNames",
            "Parameters %1$s and %2$s of one module would both be %3$s in a checkpoint. Split the"
                    + " block, so that each has one weight and one bias at most."),
    PARAMETER_TYPE(
            "LoraParameterType",
            "Parameter %1$s of module %2$s has the type %3$s, which has no name in a checkpoint."
                    + " Give it the type WEIGHT, GAMMA, BIAS or BETA."),
    ALREADY_INITIALIZED(
            "LoraAlreadyInitialized",
            "Parameter %1$s of %2$s has a value already. Load a checkpoint into a new model."),
    NOT_A_CHILD(
            "LoraNotAChild",
            "Parameter %1$s was not initialised with %2$s: the block that owns it is not a child of"
                    + " the model. Add it with addChildBlock."),
    PACKING_MISSING(
            "LoraPackingMissing",
            "Weights cannot be held as %1$s by the engine %2$s on %3$s. Add the module"
                    + " ligature-pytorch and use the processor, or load the weights in full."),
    PACKED_SAVE(
            "LoraPackedBase",
            "The weight %1$s is held as %2$s: a checkpoint of it would not have the values that it"
                    + " was loaded from. Load the base without a precision for its weights."),
    SHAPE(
            "TensorShape",
            "%1$s does not fit the model: %2$s. Check that the model's config is that of the"
                    + " checkpoint; what is to be trained anew can be named in"
                    + " LoadOptions.allowMissing."),
    VALUE_SHAPE(
            "TensorShape",
            "%1$s has '%2$s' as %3$s, but its new value is %4$s. Export to the checkpoint that the"
                    + " model was loaded from."),
    TENSORS_MISSING(
            "TensorsMissing",
            "%1$s does not fit the model: it has no tensor %2$s.%3$s%4$s Check that the model's"
                    + " class and config are those of the checkpoint; what is to start anew can be"
                    + " named in LoadOptions.allowMissing."),
    TENSORS_SURPLUS(
            "TensorsSurplus",
            "%1$s does not fit the model:%2$s Check that the model's class and config are those of"
                    + " the checkpoint; tensors that are known to be harmless can be named in"
                    + " LoadOptions.ignore."),
    WEIGHT_TYPE(
            "TensorDtype",
            "%1$s: '%2$s' has the data type %3$s, which a weight cannot have. Convert it to F32,"
                    + " F16 or BF16."),
    COPIES_DIFFER(
            "TiedCopiesDiffer",
            "%1$s: '%2$s' and '%3$s' are one weight in the model, because their modules are tied,"
                    + " but they differ in the file%4$s. Load an untied model (tie_word_embeddings:"
                    + " false), or name the copy that is to be used in LoadOptions.preferCopyOf."),
    UNTIED(
            "TiedCopiesDiffer",
            "%1$s: '%2$s' and '%3$s' are tied in the model, but they differ in the file%4$s. Each"
                    + " module has a weight of its own, as in Transformers. Name the copy that is to"
                    + " be used for both in LoadOptions.preferCopyOf."),
    OVERFLOW(
            "WeightOverflow",
            "%1$s: values of '%2$s' are too large for %3$s and would become infinite. Write BF16 or"
                    + " F32."),
    NOT_FINITE(
            "WeightNotFinite",
            "The new value of '%1$s' has an element that is %2$s. It is not written: check the"
                    + " adapter, or how it was trained.");

    private final String code;
    private final String pattern;

    CheckpointMessage(String code, String pattern) {
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

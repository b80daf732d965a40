package dev.ligature.pytorch;

import dev.ligature.internal.diag.Message;

/** The messages about fused operators. */
enum OperatorMessage implements Message {
    CHOICE(
            "OperatorChoice",
            "The system property %1$s is %2$s. Use auto, plain, or some of onednn or matmul, attention, row,"
                    + " rows, rows-onednn and layers, with commas between them."),
    ONEDNN(
            "OperatorOneDnn",
            "Products are computed by oneDNN, in %1$.2f of the engine's own time."),
    SLOWER(
            "OperatorSlower",
            "Products and training steps are computed by DJL's arrays: oneDNN takes %1$.2f of the"
                    + " time of the engine's own products."),
    REFUSED(
            "OperatorRefused",
            "The engine does not take the operators with %1$s: %2$s. It computes without them."),
    WRONG(
            "OperatorWrong",
            "The engine computes the operator %1$s with %2$s wrong, by %3$.1e of the largest value"
                    + " for the shape %4$s. It computes without it."),
    PACKING(
            "OperatorPacking",
            "Weights in fewer bits are multiplied by %1$s for few tokens and %2$s for many."),
    PACKING_REFUSED(
            "OperatorPackingRefused",
            "The engine does not multiply weights in fewer bits: %1$s. Load weights in full, if the"
                    + " engine holds none at all."),
    OVERWRITTEN(
            "OperatorOverwritten",
            "An input of a layer, of the shape %1$s, was overwritten after the layer had read it, and"
                    + " the gradients need its old values. Compute into a new array there: add and"
                    + " not addi, say."),
    DECODING("OperatorDecoding", "Operators of generation that are used: %1$s."),
    PLAIN(
            "OperatorPlain",
            "Products and training steps are computed by DJL's arrays, as %1$s says.");

    private final String code;
    private final String pattern;

    OperatorMessage(String code, String pattern) {
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

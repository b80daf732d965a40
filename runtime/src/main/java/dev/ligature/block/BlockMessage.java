package dev.ligature.block;

import dev.ligature.internal.diag.Message;

/** What is reported of blocks. */
enum BlockMessage implements Message {
    NO_WEIGHT(
            "LoraBlockNull",
            "A %1$s returns null from weight(). Return the parameter that the block multiplies with"
                    + " or looks up in."),
    CAST(
            "LoraCast",
            "A %1$s cannot be cast to %2$s: adapters are planned for the data types that the base"
                    + " has. Unwrap the model, cast the base, and wrap it again.");

    private final String code;
    private final String pattern;

    BlockMessage(String code, String pattern) {
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

package dev.ligature.internal.rows;

import dev.ligature.internal.diag.Message;

/** What is reported of batches whose rows use different adapters. */
enum RowsMessage implements Message {
    TRAINING(
            "LoraRowsTraining",
            "The rows of this batch go through adapters of their own (%1$s), which is for"
                    + " serving. Train each adapter on its own rows, by the routed block of"
                    + " Routing.of(name)."),
    MISMATCH(
            "LoraRowsMismatch",
            "The input of module %1$s has shape %2$s, but the routing has %3$s rows, which"
                    + " are to be its axis 0. Name an adapter for each row of the batch, and keep the"
                    + " batch in axis 0 through the model."),
    DISAGREE(
            "LoraRowsDisagree",
            "A block reads the weight of module %1$s without going through its field, as"
                    + " one for the whole batch, but the rows go through different adapters (%2$s)."
                    + " Call the module through its annotated field, or give all rows one adapter.");

    private final String code;
    private final String pattern;

    RowsMessage(String code, String pattern) {
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

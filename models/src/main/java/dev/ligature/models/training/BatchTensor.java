package dev.ligature.models.training;

/** A tensor of a file that prescribes batches; the first axis is the steps. */
enum BatchTensor {
    BATCHES("batches", "(steps, B, T)", true),
    INPUT_IDS("input_ids", "(steps, B, T)", true),
    PAIRED_INPUT_IDS("input_ids", "(steps, 2B, T)", true),
    DECODER_INPUT_IDS("decoder_input_ids", "(steps, B, T)", true),
    LABELS("labels", "(steps, B, T)", false),
    OPTIONAL_LABELS("labels", "(steps, B, T)", false),
    PAIRED_LABELS("labels", "(steps, 2B, T)", false),
    LABELS_OF_TEXTS("labels", "(steps, B)", false),
    ATTENTION_MASK("attention_mask", "(steps, B, T)", false),
    TOKEN_TYPE_IDS("token_type_ids", "(steps, B, T)", false);

    private final String title;
    private final String shape;
    private final boolean ids;

    BatchTensor(String title, String shape, boolean ids) {
        this.title = title;
        this.shape = shape;
        this.ids = ids;
    }

    /** Returns its name in the file. */
    String title() {
        return title;
    }

    /** Returns its shape, for messages. */
    String shape() {
        return shape;
    }

    int dimensions() {
        return shape.split(",").length;
    }

    /** Returns whether its values are tokens. */
    boolean isTokens() {
        return ids;
    }

    /** Returns whether a file may lack it. */
    boolean isOptional() {
        return this == OPTIONAL_LABELS || this == ATTENTION_MASK || this == TOKEN_TYPE_IDS;
    }
}

package dev.ligature.internal.loss;

import dev.ligature.internal.diag.Message;

/** What is reported of classes that do not fit. */
enum LossMessage implements Message {
    LABEL_TYPE(
            "TrainLabels", "The labels of a batch are %1$s %2$s. Give classes as int64 or int32."),
    LABELS_OF_LOGITS(
            "TrainLabels",
            "The labels of a batch are int64 %1$s, but the block gives logits %2$s. Give a class for"
                    + " each of %3$s, and -100 where one does not count."),
    LABEL_RANGE(
            "TrainLabels",
            "The labels of a batch have the class %1$s, but the block gives logits %2$s. Give"
                    + " classes from 0 to %3$s, and -100 where one does not count.");

    private final String code;
    private final String pattern;

    LossMessage(String code, String pattern) {
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

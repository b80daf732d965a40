package dev.ligature.internal.names;

import dev.ligature.internal.diag.Message;

/** The messages about expressions that match names. */
enum NameMessage implements Message {
    REGEX_COST(
            "LoraRegexCost",
            "The expression '%1$s' has not matched the name %2$s after a million steps. Write it"
                    + " with fewer repetitions that can match the same text.");

    private final String code;
    private final String pattern;

    NameMessage(String code, String pattern) {
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

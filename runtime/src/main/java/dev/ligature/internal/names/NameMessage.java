package dev.ligature.internal.names;

import dev.ligature.internal.diag.Message;

/** The messages about expressions that match names. */
enum NameMessage implements Message {
    REGEX_COST(
            "LoraRegexCost",
            "The expression '%1$s' has not matched the name %2$s after a million steps. Write it"
                    + " with fewer repetitions that can match the same text.");

    private final Wording wording;

    NameMessage(String code, String pattern) {
        wording = new Wording(code, pattern);
    }

    @Override
    public Wording wording() {
        return wording;
    }
}

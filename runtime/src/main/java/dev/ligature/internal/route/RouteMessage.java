package dev.ligature.internal.route;

import dev.ligature.internal.diag.Message;

/** What is reported of routes through several adapters. */
enum RouteMessage implements Message {
    REPLACED_TWICE(
            "LoraReplacedTwice",
            "The adapters %1$s all replace something of the base (modules_to_save,"
                    + " trainable_token_indices, or bias), and what is replaced cannot be summed. Use"
                    + " one of them in a routing, with any number of adapters that only add."),
    CONFLICT(
            "LoraAdaptersConflict",
            "Adapter %1$s uses DoRA at module %2$s, which scales what is there, so it"
                    + " cannot be summed with the others of %3$s. Route to one of them, or train them"
                    + " without DoRA.");

    private final String code;
    private final String pattern;

    RouteMessage(String code, String pattern) {
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

package dev.ligature.store;

import dev.ligature.internal.diag.Message;

/** What the adapter store reports. */
enum StoreMessage implements Message {
    DIRECTORY_MISSING(
            "LoraStoreDirectory",
            "%1$s does not exist. Give the directory that has a folder for each adapter."),
    NOT_A_DIRECTORY(
            "LoraStoreDirectory",
            "%1$s is not a directory. Give the directory that has a folder for each adapter."),
    BUDGET_NOT_POSITIVE(
            "LoraStoreBudget",
            "The budget is %1$s bytes; it must be positive. Give it room for the adapters that are"
                    + " used at once."),
    BUDGET_TOO_SMALL(
            "LoraStoreBudget",
            "Adapter %1$s takes %2$s bytes, more than the %3$s of the whole store. Give the store a"
                    + " larger budget."),
    FULL(
            "LoraStoreFull",
            "There is no room for adapter %1$s, which takes %2$s bytes: of the store's %3$s, %4$s"
                    + " are held by requests or being loaded. Ask again when some have ended, or"
                    + " give the store a larger budget."),
    FOREIGN(
            "LoraStoreForeign",
            "Adapter %1$s is not on the store's model, or was removed from it. Publish an adapter"
                    + " that LoraModel.create or load has returned for that model."),
    CLOSED("LoraStoreClosed", "The store is closed and lends no adapters. Open another one."),
    UNKNOWN_ADAPTER(
            "LoraStoreUnknown",
            "%1$s has no adapter %2$s.%3$s It has %4$s; put the adapter's folder there, or ask for"
                    + " one of these."),
    UNKNOWN_ADAPTER_UNLISTED(
            "LoraStoreUnknown",
            "%1$s has no adapter %2$s, and does not tell now which it has. Put the adapter there, or"
                    + " ask for one that is there."),
    LINK(
            "CheckpointLink",
            "%1$s is a link to %2$s, outside the store's directory. Copy the adapter into it (cp"
                    + " -rL)."),
    CHANGED(
            "CheckpointChanged",
            "%1$s was replaced each time it was read, %2$s times. Ask for the adapter when it is"
                    + " complete.");

    private final String code;
    private final String pattern;

    StoreMessage(String code, String pattern) {
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

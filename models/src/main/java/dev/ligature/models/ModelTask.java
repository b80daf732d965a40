package dev.ligature.models;

/** What the outputs of a model are, and which {@code task_type} of adapters fits it. */
public enum ModelTask {
    /** Logits of the next token, {@code (B, T, V)}. */
    CAUSAL_LM("a causal language model", "CAUSAL_LM"),

    /** Logits of the next token of a decoder that reads an encoder, {@code (B, T, V)}. */
    SEQ_2_SEQ_LM("an encoder-decoder language model", "SEQ_2_SEQ_LM"),

    /** Logits of every token, {@code (B, T, V)}. PEFT has no task of this name. */
    MASKED_LM("a masked language model", "FEATURE_EXTRACTION"),

    /** Logits of the text, {@code (B, labels)}. */
    SEQ_CLS("a classifier of texts", "SEQ_CLS"),

    /** Logits of every token, {@code (B, T, labels)}. */
    TOKEN_CLS("a classifier of tokens", "TOKEN_CLS"),

    /** Hidden states, {@code (B, T, d)}, for embeddings of texts. */
    FEATURE_EXTRACTION("an embedding model without a head", "FEATURE_EXTRACTION");

    private final String title;
    private final String taskType;

    ModelTask(String title, String taskType) {
        this.title = title;
        this.taskType = taskType;
    }

    /** Returns what a model of this kind is called in messages, with its article. */
    public String title() {
        return title;
    }

    /** Returns PEFT's {@code task_type} of adapters that were made for models like this. */
    public String taskType() {
        return taskType;
    }
}

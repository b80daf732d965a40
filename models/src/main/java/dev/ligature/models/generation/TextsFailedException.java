package dev.ligature.models.generation;

import java.util.List;
import java.util.Map;

/** Texts whose prompts could not be read; they have left their {@link RunningBatch}. */
public final class TextsFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<TextRow> texts;
    private final transient RuntimeException reason;

    private TextsFailedException(List<TextRow> texts, RuntimeException cause) {
        super(texts.size() + " prompts could not be read: " + cause.getMessage(), cause);
        this.texts = List.copyOf(texts);
        this.reason = cause;
    }

    /** Throws if there are any texts that failed. */
    static void throwIfAny(Map<SeatedText, RuntimeException> failed) {
        if (!failed.isEmpty()) {
            throw new TextsFailedException(
                    failed.keySet().stream().map(SeatedText::row).toList(),
                    failed.values().iterator().next());
        }
    }

    /** Returns the texts. */
    public List<TextRow> texts() {
        return texts;
    }

    /** Returns what the pass failed by. */
    public RuntimeException reason() {
        return reason;
    }
}

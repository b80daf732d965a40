package dev.ligature.architecture.planted;

import dev.ligature.LoraStateException;

/** Makes an error of which no catalogue knows the text. */
final class ErrorWithoutMessage {
    private ErrorWithoutMessage() {}

    static LoraStateException error() {
        return new LoraStateException("LoraPlanted", "planted");
    }
}

package dev.ligature.config;

import java.util.Locale;

/** Which biases an adapter trains copies of; PEFT's {@code bias}. */
public enum BiasMode {
    /** None. */
    NONE,

    /** Those of all modules. */
    ALL,

    /** Those of the modules that have a factor pair. */
    LORA_ONLY;

    /** Returns PEFT's word for it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}

package dev.ligature.config;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Which modules a configuration means: PEFT's {@code target_modules} and {@code exclude_modules}.
 */
public sealed interface ModuleSelection {
    /** Returns the selection as messages show it. */
    default String shown() {
        if (this instanceof Names names) {
            return names.names().toString();
        }
        return this instanceof Regex regex ? "'" + regex.expression() + "'" : AllLinear.WORD;
    }

    /**
     * Modules whose full name is one of these, or ends with a dot and one of these: {@code q_proj}
     * means every {@code ….q_proj}, but not {@code ….xq_proj}. Two of these are equal whatever
     * their order.
     *
     * @param names the names, in the order given, without repetitions
     */
    record Names(Set<String> names) implements ModuleSelection {
        /** Copies the names, keeping their order. */
        public Names {
            names = Collections.unmodifiableSet(new LinkedHashSet<>(names));
        }

        static Names of(Collection<String> names) {
            return new Names(new LinkedHashSet<>(names));
        }
    }

    /**
     * Modules whose full name the expression matches from its first to its last character.
     *
     * @param expression a regular expression as Python's {@code re} reads it
     */
    record Regex(String expression) implements ModuleSelection {}

    /** All linear modules but the output head; PEFT's {@code "all-linear"}. */
    record AllLinear() implements ModuleSelection {
        /** PEFT's word for it. */
        public static final String WORD = "all-linear";
    }
}

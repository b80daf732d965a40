package dev.ligature.config;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;

/**
 * The modules that a configuration selects: PEFT's {@code target_modules} and {@code
 * exclude_modules}.
 */
public sealed interface ModuleSelection {
    /** Returns whether nothing is selected because no name or expression is given. */
    default boolean isEmpty() {
        return this instanceof Names names
                ? names.names().isEmpty()
                : this instanceof Regex regex && regex.expression().isEmpty();
    }

    /** Returns the selection with one form for what PEFT writes in several. */
    default ModuleSelection normalized() {
        if (isEmpty()) {
            return Names.of(Set.of());
        }
        return this instanceof Regex regex && regex.expression().equalsIgnoreCase(AllLinear.WORD)
                ? new AllLinear()
                : this;
    }

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
            Objects.requireNonNull(names, "names");
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
    record Regex(String expression) implements ModuleSelection {
        /** Checks that there is one. */
        public Regex {
            Objects.requireNonNull(expression, "expression");
        }
    }

    /** All linear modules but the output head; PEFT's {@code "all-linear"}. */
    record AllLinear() implements ModuleSelection {
        /** PEFT's word for it. */
        public static final String WORD = "all-linear";
    }
}

package dev.ligature.processor.model;

import java.util.Set;

/**
 * What kind of class a class is.
 *
 * @param kind its kind, as the language names it: class, interface, enum, record
 * @param traits its properties
 * @param deprecation which warning its use, or that of a class around it, gives
 * @param typeParameters how many type parameters it has
 */
public record ClassTraits(
        String kind, Set<Trait> traits, Deprecation deprecation, int typeParameters) {
    /** Copies the set. */
    public ClassTraits {
        traits = Set.copyOf(traits);
    }

    /** Returns whether it is a class in the narrow sense: no interface, enum or record. */
    public boolean isPlainClass() {
        return kind.equals("class");
    }

    /** Returns whether the class has a property. */
    public boolean has(Trait trait) {
        return traits.contains(trait);
    }
}

package dev.ligature.processor.model;

import dev.ligature.processor.diag.Site;
import java.util.Set;

/**
 * The declaration of a field.
 *
 * @param name its name
 * @param site the field
 * @param traits its properties
 * @param deprecation which warning its use gives
 */
public record Field(String name, Site site, Set<Trait> traits, Deprecation deprecation) {
    /** Copies the set. */
    public Field {
        traits = Set.copyOf(traits);
    }

    /** Returns whether the field has a property. */
    public boolean has(Trait trait) {
        return traits.contains(trait);
    }
}

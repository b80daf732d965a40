package dev.ligature.processor.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The classes that a model reaches through superclasses, children and permitted subclasses.
 *
 * @param classes the classes by name
 * @param visibility which of them the modules of others see
 */
public record ModelGraph(Map<ClassId, ClassSpec> classes, Visibility visibility) {
    /** Returns a class that another one names. */
    public ClassSpec get(ClassId id) {
        ClassSpec spec = classes.get(id);
        if (spec == null) {
            throw new IllegalStateException(id.qualifiedName() + " was not read");
        }
        return spec;
    }

    /**
     * One class that the instance in a child's field may have.
     *
     * @param type the class
     * @param visited the class whose generated class visits it: itself, or the nearest superclass
     *     with annotated members; null if there is none
     */
    public record Alternative(ClassSpec type, @Nullable ClassSpec visited) {}

    /** Returns the classes that an instance of a class may have: itself, then by name. */
    public List<Alternative> alternatives(ClassSpec declared) {
        List<Alternative> alternatives = new ArrayList<>();
        if (!declared.traits().has(Trait.SEALED) || !declared.traits().has(Trait.ABSTRACT)) {
            alternatives.add(new Alternative(declared, visited(declared)));
        }
        for (ClassId permitted : declared.permitted()) {
            for (Alternative alternative : alternatives(get(permitted))) {
                if (!alternatives.contains(alternative)) {
                    alternatives.add(alternative);
                }
            }
        }
        return alternatives;
    }

    private @Nullable ClassSpec visited(ClassSpec type) {
        if (type.isAnnotated()) {
            return type;
        }
        return type.superclass() == null ? null : get(type.superclass());
    }
}

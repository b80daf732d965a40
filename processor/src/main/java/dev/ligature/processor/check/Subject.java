package dev.ligature.processor.check;

import dev.ligature.processor.model.ClassId;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.ModelGraph;
import dev.ligature.processor.model.Trait;
import java.util.List;

/**
 * The class that is checked, with what its rules share.
 *
 * @param spec the class
 * @param graph the classes that it reaches
 * @param paths the modules of the class, its superclasses and children, by path
 * @param ties its ties, resolved as far as they can be
 */
record Subject(ClassSpec spec, ModelGraph graph, List<ModulePath> paths, TieResolution ties) {
    /** Returns how messages name the generated class. */
    String injector() {
        return spec.id().injector().display();
    }

    /** Returns whether generated code in this class's package can name another class. */
    boolean canName(ClassSpec other) {
        return !other.traits().has(Trait.PRIVATE)
                && (isNear(other.id()) || other.traits().has(Trait.PUBLIC));
    }

    /** Returns why this class's module cannot name another class; an empty text if it can. */
    String obstacle(ClassSpec other) {
        return graph.visibility().obstacle(spec.id(), other.id());
    }

    private boolean isNear(ClassId other) {
        return other.packageName().equals(spec.id().packageName());
    }
}

package dev.ligature.processor.model;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A generated class, settled to the last name.
 *
 * @param model the class that it visits
 * @param typeParameters how many type parameters the model has
 * @param flags what holds for it
 * @param deprecations the warnings that the use of the model and its parts gives
 * @param constants the constants, and the methods of elements, in order of declaration
 * @param body what its methods do
 */
public record InjectorSpec(
        ClassId model,
        int typeParameters,
        Set<Flag> flags,
        List<Deprecation> deprecations,
        List<Constant> constants,
        Body body) {
    /** Copies the lists. */
    public InjectorSpec {
        flags = Set.copyOf(flags);
        deprecations = List.copyOf(deprecations);
        constants = List.copyOf(constants);
    }

    /** What may hold for a generated class. */
    public enum Flag {
        /** It is public. */
        PUBLIC,
        /** Generated code can name the model. */
        NAMEABLE,
        /** The model is a block and can be named, and so can be wrapped; if not, it has errors. */
        WRAPPABLE,
        /** The model has errors: the members are there, but do nothing. */
        BROKEN
    }

    /** Returns whether a flag is set. */
    public boolean is(Flag flag) {
        return flags.contains(flag);
    }

    /**
     * What the methods of a generated class do.
     *
     * @param superclass the superclass whose generated class comes first, or null
     * @param lines what is visited, in order of declaration
     * @param ties the ties, grouped by when they hold
     * @param dispatches the sealed classes of children
     */
    public record Body(
            @Nullable ClassId superclass,
            List<Line> lines,
            List<TieGroup> ties,
            List<Dispatch> dispatches) {
        /** The body of a class whose model has errors. */
        public static final Body EMPTY = new Body(null, List.of(), List.of(), List.of());

        /** Copies the lists. */
        public Body {
            lines = List.copyOf(lines);
            ties = List.copyOf(ties);
            dispatches = List.copyOf(dispatches);
        }
    }

    /**
     * What gives the name of a module: a constant, or a method for the elements of a list, an array
     * or a map.
     *
     * @param name the name of the constant or the method
     * @param module the name of the module, for elements that of their list
     * @param key the type of an element's index or key; empty for a constant
     */
    public record Constant(String name, String module, String key) {}

    /** What is visited of one field. */
    public sealed interface Line {
        /**
         * Modules.
         *
         * @param name the name
         * @param role the role
         * @param field the field
         * @param holding how the field holds them
         */
        record Modules(String name, Role role, String field, Holding holding) implements Line {
            /** Returns whether the field holds any number of them. */
            public boolean repeated() {
                return holding != Holding.ONE;
            }
        }

        /** How a field holds modules. */
        enum Holding {
            /** One, which is assigned. */
            ONE,
            /** A list, an array or a map, which is assigned. */
            ASSIGNED,
            /** A list, an array or a map in a final field, whose elements are assigned. */
            FILLED
        }

        /**
         * Nested models.
         *
         * @param name the name
         * @param field the field
         * @param repeated whether it is a list, an array or a map
         * @param exactType the class that each must be exactly, or null
         * @param visitor the class whose method visits, or null for a dispatch of this class
         * @param method the method that visits
         * @param described the classes that describe what a child may be
         */
        record Children(
                String name,
                String field,
                boolean repeated,
                @Nullable ClassId exactType,
                @Nullable ClassId visitor,
                String method,
                List<ClassId> described)
                implements Line {
            /** Copies the list. */
            public Children {
                described = List.copyOf(described);
            }
        }
    }

    /**
     * Ties that hold together.
     *
     * @param when the member that says whether they hold, as it is written; empty if they always do
     * @param access how generated code reads that member of the model
     * @param ties the ties
     */
    public record TieGroup(String when, String access, List<Pair> ties) {
        /** Copies the list. */
        public TieGroup {
            ties = List.copyOf(ties);
        }
    }

    /**
     * One tie.
     *
     * @param reader the path of the module that is tied
     * @param source the path of the module whose weight it reads
     */
    public record Pair(String reader, String source) {}

    /**
     * A method that finds the class of a child whose declared class is sealed.
     *
     * @param method the name of the method
     * @param type the sealed class
     * @param typeParameters how many type parameters it has
     * @param branches the classes that a child may be of
     */
    public record Dispatch(String method, ClassId type, int typeParameters, List<Branch> branches) {
        /** Copies the list. */
        public Dispatch {
            branches = List.copyOf(branches);
        }
    }

    /**
     * One class that a child may be of.
     *
     * @param type the class
     * @param typeParameters how many type parameters it has
     * @param isExact whether a subclass of it is not meant
     * @param visited the class whose generated class visits it; null if it has no modules
     */
    public record Branch(
            ClassId type, int typeParameters, boolean isExact, @Nullable ClassId visited) {}
}

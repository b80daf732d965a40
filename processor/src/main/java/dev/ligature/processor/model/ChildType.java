package dev.ligature.processor.model;

/** What the field of a child holds. */
public sealed interface ChildType {
    /** Returns the type, as it reads. */
    String text();

    /**
     * A class of nested models.
     *
     * @param container how the field holds them
     * @param type the class
     * @param text the type, as it reads
     */
    record Of(Container container, ClassId type, String text) implements ChildType {}

    /**
     * A type that cannot be followed.
     *
     * @param problem why
     * @param text the type, as it reads
     */
    record Unsupported(Problem problem, String text) implements ChildType {}

    /** Why a type cannot be followed. */
    enum Problem {
        /** A collection without the type of its elements. */
        RAW,
        /** A map whose keys are not strings. */
        KEY,
        /** Neither a class nor a list, an array or a map of one. */
        NOT_A_CLASS
    }
}

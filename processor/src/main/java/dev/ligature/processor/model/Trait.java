package dev.ligature.processor.model;

/** A property that the declaration of a class or a field has or has not. */
public enum Trait {
    /** The class, and each class around it, is public. */
    PUBLIC,
    /** Generated code cannot name it: it, or a class around it, is private. */
    PRIVATE,
    /** The field belongs to the class, not to its instances. */
    STATIC,
    /** The class, or a class around it, needs an instance of the class around it. */
    INNER,
    /** The field cannot be assigned, or the class has no subclasses. */
    FINAL,
    /** The class has no instances of its own. */
    ABSTRACT,
    /** The class lists its subclasses. */
    SEALED,
    /** The class is a DJL block. */
    BLOCK
}

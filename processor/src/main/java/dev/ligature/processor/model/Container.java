package dev.ligature.processor.model;

/** How a field holds blocks. */
public enum Container {
    /** One, in the field itself. */
    ONE,
    /** A list, with index segments. */
    LIST,
    /** An array, with index segments. */
    ARRAY,
    /** A map from names, with its keys as segments. */
    MAP;

    /** Returns whether the field holds any number of blocks. */
    public boolean isRepeated() {
        return this != ONE;
    }
}

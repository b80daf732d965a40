package dev.ligature.processor.model;

/**
 * What kind of class a class is.
 *
 * @param kind its kind, as the language names it: class, interface, enum, record
 * @param isPublic whether it and all classes around it are public
 * @param isPrivate whether it or a class around it is private
 * @param isInner whether it, or a class around it, needs an instance of the class around it
 * @param isFinal whether it has no subclasses
 * @param isAbstract whether it has no instances of its own
 * @param isSealed whether it lists its subclasses
 * @param isBlock whether it is a DJL block
 * @param deprecation which warning its use, or that of a class around it, gives
 * @param typeParameters how many type parameters it has
 */
public record ClassTraits(
        String kind,
        boolean isPublic,
        boolean isPrivate,
        boolean isInner,
        boolean isFinal,
        boolean isAbstract,
        boolean isSealed,
        boolean isBlock,
        Deprecation deprecation,
        int typeParameters) {
    /** Returns whether it is a class in the narrow sense: no interface, enum or record. */
    public boolean isPlainClass() {
        return kind.equals("class");
    }
}

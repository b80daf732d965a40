package dev.ligature.processor.model;

/** Which classes the modules of the Java platform let another class name. */
@FunctionalInterface
public interface Visibility {
    /**
     * Returns why code of one class's module cannot name another class, and the remedy; an empty
     * text if it can.
     */
    String obstacle(ClassId from, ClassId to);
}

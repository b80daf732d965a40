package dev.ligature.processor.model;

import java.util.List;

/** The types that a class names and that do not exist yet, by the place that names them. */
public final class MissingTypes {
    private final List<String> annotated;
    private final List<String> elsewhere;

    private MissingTypes(List<String> annotated, List<String> elsewhere) {
        this.annotated = List.copyOf(annotated);
        this.elsewhere = List.copyOf(elsewhere);
    }

    /** Returns missing types that annotated fields and supertypes name. */
    public static MissingTypes inAnnotated(List<String> names) {
        return new MissingTypes(names, List.of());
    }

    /** Returns these and the missing types that fields without annotations name. */
    public MissingTypes andElsewhere(List<String> names) {
        return new MissingTypes(annotated, names);
    }

    /** Returns the types that the annotated fields and the supertypes name. */
    public List<String> annotated() {
        return annotated;
    }

    /** Returns the types that the other fields name. */
    public List<String> elsewhere() {
        return elsewhere;
    }
}

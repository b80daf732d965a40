package dev.ligature.processor.read;

import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;

/** Finds the classes that carry annotations. */
public final class AnnotatedClasses {
    private AnnotatedClasses() {}

    /** Returns the classes of a round that carry annotations by their canonical names, sorted. */
    public static SortedMap<String, TypeElement> of(
            Set<? extends TypeElement> annotations, RoundEnvironment round) {
        SortedMap<String, TypeElement> classes = new TreeMap<>();
        for (TypeElement annotation : annotations) {
            if (!Names.ANNOTATIONS.contains(annotation.getQualifiedName().toString())) {
                continue;
            }
            for (Element element : round.getElementsAnnotatedWith(annotation)) {
                Element at = element;
                while (at != null && !(at instanceof TypeElement)) {
                    at = at.getEnclosingElement();
                }
                if (at instanceof TypeElement type) {
                    classes.put(name(type), type);
                }
            }
        }
        return classes;
    }

    /** Returns the canonical name; Eclipse's compiler has dots in it where the source has a $. */
    private static String name(TypeElement type) {
        return type.getEnclosingElement() instanceof TypeElement around
                ? name(around) + "." + type.getSimpleName()
                : type.getQualifiedName().toString();
    }
}

package dev.ligature.processor.read;

import java.util.Set;
import java.util.TreeSet;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;

/** Finds the classes that carry annotations. */
public final class AnnotatedClasses {
    private AnnotatedClasses() {}

    /** Returns the canonical names of the classes of a round that carry annotations, sorted. */
    public static Set<String> names(
            Set<? extends TypeElement> annotations, RoundEnvironment round) {
        Set<String> names = new TreeSet<>();
        for (TypeElement annotation : annotations) {
            for (Element element : round.getElementsAnnotatedWith(annotation)) {
                Element at = element;
                while (at != null && !(at instanceof TypeElement)) {
                    at = at.getEnclosingElement();
                }
                if (at instanceof TypeElement type) {
                    names.add(type.getQualifiedName().toString());
                }
            }
        }
        return names;
    }
}

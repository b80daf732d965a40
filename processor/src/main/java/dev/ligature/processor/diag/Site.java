package dev.ligature.processor.diag;

import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.Element;
import org.jspecify.annotations.Nullable;

/**
 * Where a diagnostic points: an element, an annotation on it, or a value of that annotation. The
 * only part of the model that refers to the compiler.
 *
 * @param element the element; null in models that no compiler made
 * @param annotation the annotation on the element, or null
 * @param value the value in the annotation, or null
 */
public record Site(
        @Nullable Element element,
        @Nullable AnnotationMirror annotation,
        @Nullable AnnotationValue value) {
    /** No place in a source: the compilation as a whole. */
    public static final Site NOWHERE = new Site(null, null, null);

    /** Returns the site of an element. */
    public static Site of(Element element) {
        return new Site(element, null, null);
    }

    /** Returns the site of an annotation of this element. */
    public Site at(AnnotationMirror mirror) {
        return new Site(element, mirror, null);
    }

    /** Returns the site of a value of this annotation, or of the annotation if it is a default. */
    public Site at(@Nullable AnnotationValue written) {
        return new Site(element, annotation, written);
    }
}

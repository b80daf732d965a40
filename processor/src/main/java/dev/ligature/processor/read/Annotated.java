package dev.ligature.processor.read;

import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.Deprecation;
import dev.ligature.processor.model.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import org.jspecify.annotations.Nullable;

/**
 * One annotation on an element, read by names: the processor does not load annotation classes.
 *
 * @param mirror the annotation
 * @param site its position
 */
record Annotated(AnnotationMirror mirror, Site site) {
    /** What javac gives for a constant that does not exist, or not yet. */
    private static final String ERRONEOUS = "<error>";

    /** Returns the annotation of the given type on an element, if there is one. */
    static Optional<Annotated> on(Element element, String annotation) {
        for (AnnotationMirror mirror : element.getAnnotationMirrors()) {
            if (is(mirror, annotation)) {
                return Optional.of(new Annotated(mirror, Site.of(element).at(mirror)));
            }
        }
        return Optional.empty();
    }

    /** Returns which warning the use of an element gives. */
    static Deprecation deprecation(Element element) {
        return on(element, "java.lang.Deprecated")
                .map(
                        annotation ->
                                annotation.flag("forRemoval")
                                        ? Deprecation.FOR_REMOVAL
                                        : Deprecation.DEPRECATED)
                .orElse(Deprecation.NONE);
    }

    /** Returns the ties on an element, alone or in their container. */
    static List<Annotated> ties(Element element) {
        List<Annotated> ties = new ArrayList<>();
        for (AnnotationMirror mirror : element.getAnnotationMirrors()) {
            if (is(mirror, Names.TIED)) {
                ties.add(new Annotated(mirror, Site.of(element).at(mirror)));
            } else if (is(mirror, Names.TIES)) {
                Site site = Site.of(element).at(mirror);
                for (AnnotationMirror tie : contained(mirror)) {
                    ties.add(new Annotated(tie, site.at(valueHolding(mirror, tie))));
                }
            }
        }
        return ties;
    }

    /** Returns a string member, or the given text where it is left out. */
    Text text(String member, String left) {
        AnnotationValue value = written(member);
        String text = value != null && value.getValue() instanceof String written ? written : left;
        return new Text(text, siteOf(member));
    }

    /** Returns the name of an enum constant, or the given name where it is left out. */
    String constant(String member, String left) {
        AnnotationValue value = written(member);
        return value != null && value.getValue() instanceof VariableElement constant
                ? constant.getSimpleName().toString()
                : left;
    }

    /** Returns a number, or the given one where it is left out. */
    int number(String member, int left) {
        AnnotationValue value = written(member);
        return value != null && value.getValue() instanceof Integer number ? number : left;
    }

    /** Returns a boolean member, which is false where it is left out. */
    private boolean flag(String member) {
        AnnotationValue value = written(member);
        return value != null && Boolean.TRUE.equals(value.getValue());
    }

    /** Returns where a member is written, or the annotation. */
    Site siteOf(String member) {
        // A container that the compiler wrote has no positions within; javac then takes the
        // element.
        return site.value() != null ? site : site.at(written(member));
    }

    /** Returns whether a member names something that does not exist, or not yet. */
    boolean isErroneous() {
        return mirror.getElementValues().values().stream()
                .anyMatch(value -> ERRONEOUS.equals(value.getValue()));
    }

    private @Nullable AnnotationValue written(String member) {
        for (Map.Entry<? extends ExecutableElement, ? extends AnnotationValue> entry :
                mirror.getElementValues().entrySet()) {
            if (entry.getKey().getSimpleName().contentEquals(member)) {
                return entry.getValue();
            }
        }
        return null;
    }

    private static boolean is(AnnotationMirror mirror, String annotation) {
        return mirror.getAnnotationType().asElement() instanceof TypeElement type
                && type.getQualifiedName().contentEquals(annotation);
    }

    private static List<AnnotationMirror> contained(AnnotationMirror container) {
        List<AnnotationMirror> contained = new ArrayList<>();
        for (AnnotationValue member : container.getElementValues().values()) {
            if (member.getValue() instanceof List<?> values) {
                for (Object value : values) {
                    if (value instanceof AnnotationValue annotation
                            && annotation.getValue() instanceof AnnotationMirror mirror) {
                        contained.add(mirror);
                    }
                }
            }
        }
        return contained;
    }

    private static @Nullable AnnotationValue valueHolding(
            AnnotationMirror container, AnnotationMirror contained) {
        for (AnnotationValue member : container.getElementValues().values()) {
            if (member.getValue() instanceof List<?> values) {
                for (Object value : values) {
                    if (value instanceof AnnotationValue annotation
                            && annotation.getValue() == contained) {
                        return annotation;
                    }
                }
            }
        }
        return null;
    }
}

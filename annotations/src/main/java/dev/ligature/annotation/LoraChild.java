package dev.ligature.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a field that holds a nested model class with annotated fields of its own, or a {@code
 * List}, an array or a {@code Map<String, …>} of them.
 *
 * <p>Names compose with dots and indices: the field {@code q_proj} of the third of {@code layers}
 * is {@code layers.2.q_proj}. The elements of a map are visited in the order of their keys.
 *
 * <pre>{@code
 * @LoraChild("layers") final List<LlamaDecoderLayer> layers;
 * }</pre>
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.FIELD)
public @interface LoraChild {
    /**
     * Returns the child's name in the checkpoint, relative to its class; dots are allowed. The
     * default is the field's name in snake case, as for {@link LoraTarget#value()}.
     */
    String value() default "";
}

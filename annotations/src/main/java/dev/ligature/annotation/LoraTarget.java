package dev.ligature.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a block field as a module that a LoRA configuration may address.
 *
 * <p>The field is declared as {@code Block}, {@code List<Block>}, {@code Block[]} or {@code
 * Map<String, Block>}, and is not private or static: the generated class of the model assigns to
 * it. The blocks of a list or an array are named by an index segment, those of a map by their keys.
 * A list, an array or a map in a final field must allow changes, as blocks are put into it; a field
 * of one block is not final.
 *
 * <pre>{@code
 * @LoraTarget("q_proj") Block queryProjection;
 * @LoraTarget(role = Role.INPUT_EMBEDDING) Block embedTokens; // "embed_tokens"
 * }</pre>
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.FIELD)
public @interface LoraTarget {
    /**
     * Returns the module's name in the checkpoint, relative to its class; dots are allowed. The
     * default is the field's name in snake case, with {@code _} before each upper-case letter that
     * follows a lower-case letter or a digit.
     */
    String value() default "";

    /** Returns what the module is to its model. */
    Role role() default Role.MODULE;
}

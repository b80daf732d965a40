package dev.ligature.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares that a module reads the same weight as another one, so that an adapter of the one is an
 * adapter of the other.
 *
 * <p>Paths are checkpoint names from the declaring class on. An exact path wins; else the one path
 * that ends with it on a dot boundary is meant.
 *
 * <pre>{@code
 * @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
 * @Tied(value = "embed_tokens", when = "tieWordEmbeddings")
 * Block lmHead;
 * }</pre>
 *
 * <p>On a class it ties two modules of its children: {@code @Tied(module = "cls.decoder", value =
 * "bert.embeddings.word_embeddings")}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target({ElementType.FIELD, ElementType.TYPE})
@Repeatable(Tied.Ties.class)
public @interface Tied {
    /** Returns the path of the module whose weight is read. */
    String value();

    /**
     * Returns the path of the reading module, on a class; empty on a field, which is the reader.
     */
    String module() default "";

    /**
     * Returns the name of a boolean field or no-argument method of the class that says whether the
     * tie holds, read once when the model is wrapped; empty if it always holds. A name with dots,
     * such as {@code config.tieWordEmbeddings}, leads through the objects in fields, records among
     * them, none of which may be null.
     */
    String when() default "";

    /** Holds several {@link Tied}; written by the compiler. */
    @Documented
    @Retention(RetentionPolicy.CLASS)
    @Target({ElementType.FIELD, ElementType.TYPE})
    @interface Ties {
        /** Returns the ties. */
        Tied[] value();
    }
}

package dev.ligature.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks a class that the Ligature processor wrote; tools that measure coverage leave it out. */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
public @interface LoraGenerated {
    /** Returns the version of the contract between the generated class and the runtime. */
    int contract();
}

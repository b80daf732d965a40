package dev.ligature.processor.consumer;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;

/** Marks tests of the packaged jars, which the build runs after packaging. */
@Tag("packaged")
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@interface Packaged {}

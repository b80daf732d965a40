package dev.ligature.processor;

import dev.ligature.processor.diag.Message;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names the messages that a test of {@link LoraProcessorTest} asserts. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Covers {
    /** Returns the messages. */
    Message[] value();
}

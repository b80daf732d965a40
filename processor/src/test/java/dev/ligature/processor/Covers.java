package dev.ligature.processor;

import dev.ligature.processor.diag.Message;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names the messages that a test asserts, where no case in the folder of errors does. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Covers {
    /** Returns the messages. */
    Message[] value();
}

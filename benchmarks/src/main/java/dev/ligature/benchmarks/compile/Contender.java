package dev.ligature.benchmarks.compile;

import com.google.auto.value.processor.AutoValueProcessor;
import dev.ligature.processor.LoraProcessor;
import java.util.List;
import javax.annotation.processing.Processor;
import javax.tools.JavaFileObject;

/** A processor, and the classes that it is measured on. */
enum Contender {
    LIGATURE,
    AUTO_VALUE;

    /** Returns classes for it. */
    List<JavaFileObject> sources(int count) {
        return switch (this) {
            case LIGATURE -> Sources.blocks(count);
            case AUTO_VALUE -> Sources.values(count);
        };
    }

    /** Returns a new processor: a compilation must not see another's state. */
    Processor processor() {
        return switch (this) {
            case LIGATURE -> new LoraProcessor();
            case AUTO_VALUE -> new AutoValueProcessor();
        };
    }
}

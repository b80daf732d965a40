package dev.ligature.processor;

import dev.ligature.processor.diag.Reporter;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the processor keeps from one round to the next: names, and no element of the compiler. */
final class State {
    /** The processor, as generated classes and error reports name it. */
    final Class<?> processor;

    final Options options;
    final Reporter reporter;

    /** The annotated classes of this compilation. */
    final Set<String> compiledNow = new TreeSet<>();

    /** The annotated classes that wait for types: for their generated class, or for warnings. */
    final Set<String> waiting = new TreeSet<>();

    /** The annotated classes whose generated class is written. */
    final Set<String> written = new TreeSet<>();

    /** The models by the names of their generated classes. */
    final Map<String, String> generated = new TreeMap<>();

    State(Class<?> processor, Options options, Reporter reporter) {
        this.processor = processor;
        this.options = options;
        this.reporter = reporter;
    }
}

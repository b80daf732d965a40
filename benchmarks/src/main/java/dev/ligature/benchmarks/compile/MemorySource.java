package dev.ligature.benchmarks.compile;

import java.net.URI;
import javax.tools.SimpleJavaFileObject;

/** A source file in memory. */
final class MemorySource extends SimpleJavaFileObject {
    private final String content;

    /**
     * Creates a source.
     *
     * @param name the qualified name of its class
     * @param content its text
     */
    MemorySource(String name, String content) {
        super(URI.create("memory:///" + name.replace('.', '/') + ".java"), Kind.SOURCE);
        this.content = content;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return content;
    }
}

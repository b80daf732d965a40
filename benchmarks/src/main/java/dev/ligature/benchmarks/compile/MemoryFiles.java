package dev.ligature.benchmarks.compile;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.Writer;
import java.net.URI;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;

/**
 * Takes what the compiler writes, so that no disk is measured: generated sources are kept for it to
 * read, classes are counted and dropped.
 */
final class MemoryFiles extends ForwardingJavaFileManager<StandardJavaFileManager> {
    private int sources;
    private int classes;

    MemoryFiles(StandardJavaFileManager files) {
        super(files);
    }

    /** Returns how many sources were generated. */
    int sources() {
        return sources;
    }

    /** Returns how many classes were compiled. */
    int classes() {
        return classes;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
            Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
        if (kind == JavaFileObject.Kind.SOURCE) {
            sources++;
            return new Generated(name);
        }
        classes++;
        return new Dropped(name);
    }

    @Override
    public boolean isSameFile(FileObject a, FileObject b) {
        return a.equals(b);
    }

    private static URI uri(String name, JavaFileObject.Kind kind) {
        return URI.create("memory:///" + name.replace('.', '/') + kind.extension);
    }

    /** A source that a processor writes and the compiler reads. */
    private static final class Generated extends SimpleJavaFileObject {
        private String content = "";

        Generated(String name) {
            super(uri(name, Kind.SOURCE), Kind.SOURCE);
        }

        @Override
        public Writer openWriter() {
            return new StringWriter() {
                @Override
                public void close() throws IOException {
                    super.close();
                    content = toString();
                }
            };
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return content;
        }
    }

    /** A class that nobody reads. */
    private static final class Dropped extends SimpleJavaFileObject {
        Dropped(String name) {
            super(uri(name, Kind.CLASS), Kind.CLASS);
        }

        @Override
        public OutputStream openOutputStream() {
            return OutputStream.nullOutputStream();
        }
    }
}

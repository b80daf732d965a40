package dev.ligature.models.twin;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Compiles sources with the processor, from memory to a class loader. */
final class MemoryCompiler {
    private MemoryCompiler() {}

    /**
     * Compiles.
     *
     * @param sources the sources by the names of their classes
     * @throws AssertionError if there is an error or a warning
     */
    static ClassLoader compile(Map<String, String> sources) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        List<JavaFileObject> files = new ArrayList<>();
        sources.forEach((name, text) -> files.add(new Source(name, text)));
        try (Output output = new Output(compiler.getStandardFileManager(null, null, null))) {
            List<String> options =
                    List.of(
                            "--release",
                            "17",
                            "-processor",
                            "dev.ligature.processor.LoraProcessor");
            JavaCompiler.CompilationTask task =
                    compiler.getTask(null, output, messages, options, null, files);
            boolean isCompiled = task.call();
            if (!isCompiled || !messages.getDiagnostics().isEmpty()) {
                throw new AssertionError(
                        messages.getDiagnostics().get(0)
                                + "\n"
                                + messages.getDiagnostics().get(0).getSource());
            }
            return output.loader();
        }
    }

    private static URI uri(String name, JavaFileObject.Kind kind) {
        return URI.create("memory:///" + name.replace('.', '/') + kind.extension);
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String name, String text) {
            super(uri(name, Kind.SOURCE), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** A file that the compiler or the processor writes. */
    private static final class Written extends SimpleJavaFileObject {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Written(String name, Kind kind) {
            super(uri(name, kind), kind);
        }

        @Override
        public OutputStream openOutputStream() {
            return bytes;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return bytes.toString(StandardCharsets.UTF_8);
        }

        @Override
        public String toString() {
            return getCharContent(true).toString();
        }
    }

    private static final class Output extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, Written> classes = new HashMap<>();

        Output(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            Written written = new Written(name, kind);
            if (kind == JavaFileObject.Kind.CLASS) {
                classes.put(name, written);
            }
            return written;
        }

        @Override
        public boolean isSameFile(FileObject a, FileObject b) {
            return a.equals(b);
        }

        ClassLoader loader() {
            return new ClassLoader(MemoryCompiler.class.getClassLoader()) {
                @Override
                protected Class<?> findClass(String name) throws ClassNotFoundException {
                    Written file = classes.get(name);
                    if (file == null) {
                        throw new ClassNotFoundException(name);
                    }
                    byte[] code = file.bytes.toByteArray();
                    return defineClass(name, code, 0, code.length);
                }

                @Override
                public InputStream getResourceAsStream(String file) {
                    Written written =
                            classes.get(file.replace('/', '.').replaceFirst("\\.class$", ""));
                    return written == null
                            ? super.getResourceAsStream(file)
                            : new ByteArrayInputStream(written.bytes.toByteArray());
                }
            };
        }
    }
}

package dev.ligature.processor;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.Compiler;
import com.google.testing.compile.JavaFileObjects;
import java.util.List;
import java.util.Locale;
import javax.annotation.processing.Processor;
import javax.tools.Diagnostic;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;

/** Compiles sources that stand in a test. */
final class Inline {
    /** What is imported by {@link #source}, on lines 2 to 4. */
    static final String IMPORTS =
            """
            import ai.djl.nn.Block;
            import dev.ligature.annotation.*;
            import dev.ligature.processor.ToyBlock;
            """;

    private Inline() {}

    /** Returns a class of package m; the given lines begin with line 5. */
    static JavaFileObject source(String name, String... lines) {
        String text = "package m;\n" + IMPORTS + String.join("\n", lines) + "\n";
        return JavaFileObjects.forSourceString(name, text);
    }

    /** Compiles with javac and the processor. */
    static Compilation compile(JavaFileObject... sources) {
        return compiler(new LoraProcessor()).compile(sources);
    }

    /** Returns javac with the given processors. */
    static Compiler compiler(Processor... processors) {
        return TestCase.compiler(ToolProvider.getSystemJavaCompiler(), List.of())
                .withProcessors(processors);
    }

    /** Returns the diagnostics: {@code X.java:5:1 ERROR text}. */
    static List<String> texts(Compilation compilation) {
        return compilation.diagnostics().stream().map(Inline::text).toList();
    }

    private static String text(Diagnostic<? extends JavaFileObject> one) {
        String text = kind(one.getKind()) + " " + one.getMessage(Locale.ROOT);
        if (one.getSource() == null) {
            return text;
        }
        String path = one.getSource().toUri().getPath();
        String file = path.substring(path.lastIndexOf('/') + 1);
        return file + ":" + one.getLineNumber() + ":" + one.getColumnNumber() + " " + text;
    }

    private static Diagnostic.Kind kind(Diagnostic.Kind kind) {
        return kind == Diagnostic.Kind.MANDATORY_WARNING ? Diagnostic.Kind.WARNING : kind;
    }
}

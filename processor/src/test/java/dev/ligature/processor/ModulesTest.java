package dev.ligature.processor;

import static dev.ligature.processor.Inline.texts;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.JavaFileObjects;
import dev.ligature.processor.diag.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in modules of the Java platform: what generated code names must be seen by its module. */
class ModulesTest {
    private static final JavaFileObject BASE =
            source(
                    "lib.internal.Base",
                    "public abstract class Base extends ToyBlock { @LoraTarget Block norm; }");
    private static final JavaFileObject OPEN =
            source("lib.api.Open", "public abstract class Open extends lib.internal.Base {}");
    private static final JavaFileObject SEALED =
            source(
                    "lib.api.Attention",
                    "public abstract sealed class Attention extends ToyBlock",
                    "        permits lib.internal.Wide {",
                    "    @LoraTarget Block q;",
                    "}");
    private static final JavaFileObject WIDE =
            source(
                    "lib.internal.Wide",
                    "public final class Wide extends lib.api.Attention { @LoraTarget Block k; }");
    private static final JavaFileObject MODEL =
            source(
                    "app.Model",
                    "class Model extends lib.api.Open {",
                    "    @LoraChild lib.api.Attention attention;",
                    "    @LoraTarget Block head;",
                    "}");
    private static final String NOT_EXPORTED =
            "Model.java:%s ERROR [LoraClassHidden] ModelLora must name lib.internal.%s, but module"
                    + " lib does not export package lib.internal to module app. Add exports"
                    + " lib.internal to module lib.";

    @TempDir Path work;

    @Test
    @Covers(Message.CLASS_HIDDEN)
    void aSuperclassOrASealedSubclassInAPackageThatIsNotExported_isReportedAtTheModel()
            throws IOException {
        for (String exports : List.of("", "exports lib.internal to other;")) {
            compileLibrary("lib", "exports lib.api; " + exports, BASE, OPEN, SEALED, WIDE);

            assertEquals(
                    List.of(
                            NOT_EXPORTED.formatted("5:1", "Base"),
                            NOT_EXPORTED.formatted("6:34", "Wide")),
                    texts(compile("app", "requires lib;", MODEL)));
        }
    }

    @Test
    void whatIsExportedToTheModule_isNamed() throws IOException {
        for (String exports : List.of("exports lib.internal;", "exports lib.internal to app;")) {
            compileLibrary("lib", "exports lib.api; " + exports, BASE, OPEN, SEALED, WIDE);

            assertEquals(List.of(), texts(compile("app", "requires lib;", MODEL)));
        }
    }

    private void compileLibrary(String module, String directives, JavaFileObject... sources)
            throws IOException {
        Compilation compilation = compile(module, directives, sources);
        assertEquals(List.of(), texts(compilation));
        TestCase.writeClasses(compilation, work.resolve(module));
    }

    /** Compiles a module, to which DJL and the runtime are on the class path. */
    private Compilation compile(String module, String directives, JavaFileObject... sources) {
        List<JavaFileObject> all = new ArrayList<>(Arrays.asList(sources));
        all.add(
                JavaFileObjects.forSourceString(
                        "module-info", "module " + module + " { " + directives + " }"));
        return TestCase.compiler(ToolProvider.getSystemJavaCompiler(), List.of())
                .withOptions(
                        "-Xlint:none",
                        "--release",
                        "17",
                        "--module-path",
                        work.toString(),
                        "--add-reads",
                        module + "=ALL-UNNAMED",
                        "--add-reads",
                        "lib=ALL-UNNAMED")
                .withProcessors(new LoraProcessor())
                .compile(all);
    }

    private static JavaFileObject source(String name, String... lines) {
        String text = "package " + name.substring(0, name.lastIndexOf('.')) + ";\n";
        return JavaFileObjects.forSourceString(
                name, text + Inline.IMPORTS + String.join("\n", lines) + "\n");
    }
}

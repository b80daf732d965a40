package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.Compiler;
import com.google.testing.compile.JavaFileObjects;
import dev.ligature.processor.diag.Message;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.Filer;
import javax.annotation.processing.FilerException;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.Processor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the processor does across rounds, compilations and failures of the compiler. */
class LoraProcessorTest {
    private static final String IMPORTS =
            """
            import ai.djl.nn.Block;
            import dev.ligature.annotation.*;
            import dev.ligature.processor.ToyBlock;
            """;

    private static final JavaFileObject ONE =
            source("m.One", "class One extends ToyBlock { @LoraTarget Block w; }");
    private static final JavaFileObject TWO =
            source("m.Two", "class Two extends ToyBlock { @LoraTarget Block w; }");

    @Test
    void anyVersionOfTheLanguageIsSupported() {
        assertEquals(
                SourceVersion.latestSupported(), new LoraProcessor().getSupportedSourceVersion());
    }

    @Test
    @Covers(Message.CLASS_KIND)
    void aRecord_isNoModel() {
        Compilation compilation =
                compile(source("m.R", "record R(@LoraTarget Block w, @LoraTarget Block v) {}"));

        assertEquals(
                List.of(
                        "R.java:5:1 ERROR [LoraClassKind] R is a record, whose fields cannot be"
                                + " assigned. Annotate the fields of a class."),
                texts(compilation));
    }

    @Test
    @Covers(Message.NAME_TAKEN)
    void aGeneratedNameOfAnotherClass_isTaken() {
        Compilation compilation = compile(ONE, source("m.OneLora", "class OneLora {}"));

        assertEquals(
                List.of(
                        "One.java:5:1 ERROR [LoraNameTaken] The generated class of One would be"
                                + " OneLora, which is the name of another class. Rename one of"
                                + " them."),
                texts(compilation));
    }

    @Test
    @Covers(Message.NAME_TAKEN)
    void twoClassesWithOneGeneratedName_areReportedOnce() {
        String nested = "static class %s extends ToyBlock { @LoraTarget Block w; }";
        Compilation compilation =
                compile(
                        source("m.A", "class A { " + nested.formatted("B_C") + " }"),
                        source("m.A_B", "class A_B { " + nested.formatted("C") + " }"));

        assertEquals(
                List.of(
                        "A_B.java:5:20 ERROR [LoraNameTaken] The generated class of A_B.C would be"
                                + " A_B_CLora, which is the name of the generated class of A.B_C."
                                + " Rename one of them."),
                texts(compilation));
    }

    @Test
    @Covers(Message.TYPE_MISSING)
    void aTypeThatNeverComes_isReportedOnce() {
        Compilation compilation =
                compile(
                        source(
                                "m.Bad",
                                "class Bad extends ToyBlock {",
                                "    @LoraChild Absent child;",
                                "    @LoraChild java.util.List<Gone> more;",
                                "}"),
                        ONE);

        assertEquals(
                List.of(
                        "Bad.java:5:1 ERROR [LoraTypeMissing] BadLora was left out, as these types"
                                + " do not exist: Absent, Gone. Check imports and spelling, and"
                                + " that the processor that generates them runs."),
                texts(compilation).stream().filter(text -> text.contains("[Lora")).toList());
        assertEquals(
                2,
                texts(compilation).stream().filter(text -> text.contains("cannot find")).count());
    }

    @Test
    void aFieldTypeThatAnotherProcessorGenerates_isAwaited() throws IOException {
        Compilation compilation =
                compiler(new LoraProcessor(), new Generator())
                        .compile(
                                source(
                                        "m.Parent",
                                        "@Deprecated class Parent extends ToyBlock {",
                                        "    @LoraChild GeneratedChild child;",
                                        "    @LoraTarget(Names.NAME) Block named;",
                                        "}"));

        assertEquals(List.of(), texts(compilation));
        Map<String, String> generated = GoldenTest.generated(compilation);
        assertEquals(
                Set.of(
                        "m/GeneratedChild.java",
                        "m/GeneratedChildLora.java",
                        "m/Names.java",
                        "m/ParentLora.java"),
                generated.keySet());
        assertTrue(generated.get("m/ParentLora.java").contains("GeneratedChildLora::visit"));
        assertTrue(generated.get("m/ParentLora.java").contains("NAMED_MODULE = \"named_module\""));
    }

    @Test
    @Covers(Message.RUNTIME_MISSING)
    void aClassPathWithoutTheRuntime_isReportedOnce() {
        List<File> classPath =
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                        .filter(entry -> !entry.contains("runtime"))
                        .map(File::new)
                        .toList();
        Compilation compilation =
                Compiler.javac()
                        .withClasspath(classPath)
                        .withProcessors(new LoraProcessor())
                        .compile(TWO, ONE);

        assertEquals(
                List.of(
                        "One.java:5:1 ERROR [LoraRuntimeMissing] dev.ligature.inject.ModuleVisitor"
                                + " is not on the class path, and generated classes call it. Add"
                                + " the dependency dev.ligature:ligature-runtime."),
                texts(compilation));
    }

    @Test
    @Covers(Message.PROCESSOR_FAILED)
    void anUnexpectedException_isReportedOnItsClass_andOthersAreProcessed() throws IOException {
        Compilation compilation =
                compileWithFiler(new IllegalStateException("out of luck"), "m.OneLora");

        List<String> texts = texts(compilation);
        assertEquals(1, texts.size());
        assertTrue(
                texts.get(0)
                        .startsWith(
                                "One.java:5:1 ERROR [LoraProcessorFailed] The Ligature processor"
                                        + " (unpackaged) failed on m.One. Please report this with"
                                        + " the source of the class.\n  java.lang"
                                        + ".IllegalStateException: out of luck"),
                texts.get(0));
        assertTrue(texts.get(0).contains("at dev.ligature.processor"), texts.get(0));
    }

    @Test
    @Covers(Message.FILE_EXISTS)
    void aFileThatTheCompilerHasAlready_isAWarning() throws IOException {
        Compilation compilation = compileWithFiler(new FilerException("again"), "m.OneLora");

        assertEquals(
                List.of(
                        "One.java:5:1 WARNING [LoraFileExists] m.OneLora was not written, as the"
                                + " compiler has it already: again. Build the project from scratch"
                                + " if One has changed."),
                texts(compilation));
        assertEquals(Set.of("m/TwoLora.java"), GoldenTest.generated(compilation).keySet());
    }

    @Test
    @Covers(Message.FILE_FAILED)
    void aFileThatCannotBeWritten_isAnError() {
        Compilation compilation = compileWithFiler(new IOException("disk full"), "m.OneLora");

        assertEquals(
                List.of(
                        "One.java:5:1 ERROR [LoraFileFailed] m.OneLora could not be written:"
                                + " java.io.IOException: disk full."),
                texts(compilation));
    }

    @Test
    void oneOfThreeClassesCompiledAgain_isGeneratedTheSame(@TempDir Path work) throws IOException {
        TestCase llama = new TestCase(TestCase.resources().resolve("golden/llama"));
        Compilation whole = llama.compile(work);
        Map<String, String> expected = GoldenTest.generated(whole);
        Path classes = TestCase.writeClasses(whole, work.resolve("classes"));

        for (JavaFileObject source : llama.sources("input")) {
            Compilation again =
                    TestCase.compiler(
                                    ToolProvider.getSystemJavaCompiler(), List.of(classes.toFile()))
                            .withProcessors(new LoraProcessor())
                            .compile(source);
            assertEquals(List.of(), texts(again));
            GoldenTest.generated(again)
                    .forEach((name, text) -> assertEquals(expected.get(name), text, name));
        }
    }

    private static Compilation compile(JavaFileObject... sources) {
        return compiler(new LoraProcessor()).compile(sources);
    }

    private static Compiler compiler(Processor... processors) {
        return TestCase.compiler(ToolProvider.getSystemJavaCompiler(), List.of())
                .withProcessors(processors);
    }

    /** Compiles One and Two, where the file of one class fails as given. */
    private static Compilation compileWithFiler(Exception failure, String file) {
        Processor failing =
                new AbstractDelegate(new LoraProcessor()) {
                    @Override
                    Filer filer(Filer filer) {
                        return (Filer)
                                Proxy.newProxyInstance(
                                        Filer.class.getClassLoader(),
                                        new Class<?>[] {Filer.class},
                                        (proxy, method, arguments) -> {
                                            if (file.equals(arguments[0])) {
                                                throw failure;
                                            }
                                            try {
                                                return method.invoke(filer, arguments);
                                            } catch (InvocationTargetException e) {
                                                throw e.getCause();
                                            }
                                        });
                    }
                };
        return compiler(failing).compile(TWO, ONE);
    }

    private static List<String> texts(Compilation compilation) {
        return compilation.diagnostics().stream()
                .map(
                        one -> {
                            String path = one.getSource().toUri().getPath();
                            return path.substring(path.lastIndexOf('/') + 1)
                                    + ":"
                                    + one.getLineNumber()
                                    + ":"
                                    + one.getColumnNumber()
                                    + " "
                                    + kind(one.getKind())
                                    + " "
                                    + one.getMessage(Locale.ROOT);
                        })
                .toList();
    }

    private static Diagnostic.Kind kind(Diagnostic.Kind kind) {
        return kind == Diagnostic.Kind.MANDATORY_WARNING ? Diagnostic.Kind.WARNING : kind;
    }

    private static JavaFileObject source(String name, String... lines) {
        String text = "package m;\n" + IMPORTS + String.join("\n", lines) + "\n";
        return JavaFileObjects.forSourceString(name, text);
    }

    /** Generates a child and a constant in the first round. */
    private static final class Generator extends AbstractProcessor {
        private boolean isDone;

        @Override
        public Set<String> getSupportedAnnotationTypes() {
            return Set.of("java.lang.Deprecated");
        }

        @Override
        public SourceVersion getSupportedSourceVersion() {
            return SourceVersion.latestSupported();
        }

        @Override
        public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
            if (!isDone) {
                isDone = true;
                write(
                        "m.GeneratedChild",
                        "package m;\n"
                                + IMPORTS
                                + "final class GeneratedChild extends ToyBlock {"
                                + " @LoraTarget Block w; }\n");
                write(
                        "m.Names",
                        "package m;\nclass Names { static final String NAME = \"named_module\"; }\n");
            }
            return false;
        }

        private void write(String name, String text) {
            try (Writer out = processingEnv.getFiler().createSourceFile(name).openWriter()) {
                out.write(text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** A processor with another filer. */
    private abstract static class AbstractDelegate extends AbstractProcessor {
        private final Processor processor;

        AbstractDelegate(Processor processor) {
            this.processor = processor;
        }

        abstract Filer filer(Filer filer);

        @Override
        public Set<String> getSupportedAnnotationTypes() {
            return processor.getSupportedAnnotationTypes();
        }

        @Override
        public SourceVersion getSupportedSourceVersion() {
            return processor.getSupportedSourceVersion();
        }

        @Override
        public synchronized void init(ProcessingEnvironment environment) {
            Filer filer = filer(environment.getFiler());
            processor.init(
                    (ProcessingEnvironment)
                            Proxy.newProxyInstance(
                                    ProcessingEnvironment.class.getClassLoader(),
                                    new Class<?>[] {ProcessingEnvironment.class},
                                    (proxy, method, arguments) ->
                                            method.getName().equals("getFiler")
                                                    ? filer
                                                    : method.invoke(environment, arguments)));
        }

        @Override
        public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
            processor.process(annotations, round);
            return false;
        }
    }
}

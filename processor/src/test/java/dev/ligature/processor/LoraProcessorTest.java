package dev.ligature.processor;

import static dev.ligature.processor.Inline.compile;
import static dev.ligature.processor.Inline.source;
import static dev.ligature.processor.Inline.texts;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.Compiler;
import dev.ligature.processor.diag.Message;
import java.io.File;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import javax.annotation.processing.FilerException;
import javax.lang.model.SourceVersion;
import javax.tools.JavaFileObject;
import org.junit.jupiter.api.Test;

/** What the processor does where a name, the class path or the compiler is in its way. */
class LoraProcessorTest {
    private static final JavaFileObject ONE =
            source("m.One", "class One extends ToyBlock { @LoraTarget Block w; }");
    private static final JavaFileObject TWO =
            source("m.Two", "class Two extends ToyBlock { @LoraTarget Block w; }");
    private static final String TWO_IS_WRITTEN = "Two.java:5:1 NOTE [LoraWritten] TwoLora binds w.";

    @Test
    void anyVersionOfTheLanguageIsSupported() {
        assertEquals(
                SourceVersion.latestSupported(), new LoraProcessor().getSupportedSourceVersion());
    }

    @Test
    @Covers(Message.CLASS_KIND)
    void aRecord_isNoModel() { // Eclipse's compiler does not show annotated record components.
        Compilation compilation =
                compile(
                        source(
                                "m.R",
                                "record R(@LoraTarget Block w, @LoraTarget Block v) {",
                                "    static String name = RLora.W + RLora.V;",
                                "    static Object wrapped = RLora.wrap(new R(null, null));",
                                "}"));

        assertEquals(
                List.of(
                        "R.java:5:1 ERROR [LoraClassKind] R is a record, whose fields cannot be"
                                + " assigned. Annotate the fields of a class."),
                texts(compilation));
    }

    /** Compilers show processors no class in the body of a method: docs/errors.md says so. */
    @Test
    void aLocalClass_isNotSeen_andNothingIsReported() {
        Compilation compilation =
                compile(
                        source(
                                "m.Around",
                                "class Around {",
                                "    void method() {",
                                "        class Local extends ToyBlock {",
                                "            @LoraTarget Block w;",
                                "        }",
                                "    }",
                                "    Object anonymous = new ToyBlock() {",
                                "        @LoraTarget Block w;",
                                "    };",
                                "}"));

        assertEquals(List.of(), texts(compilation));
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
                        "One.java:5:1 ERROR [LoraRuntimeMissing] dev.ligature.inject.ModuleWalker"
                                + " is not on the class path, and generated classes call it. Add"
                                + " the dependency dev.ligature:ligature-runtime; a module also"
                                + " requires dev.ligature.runtime."),
                texts(compilation));
    }

    @Test
    @Covers(Message.SOURCE_LEVEL)
    void aLanguageLevelBelow17_isReportedOnce_andNothingElse() {
        for (String option : List.of("--release", "-source")) {
            Compilation compilation =
                    Inline.compiler(new LoraProcessor())
                            .withOptions(option, "11", "-Xlint:-options")
                            .compile(
                                    TWO,
                                    source(
                                            "m.One",
                                            "class One extends ToyBlock {",
                                            "    @LoraTarget Block w;",
                                            "    static Object wrapped = new Object();",
                                            "}"));

            assertEquals(
                    List.of(
                            "One.java:5:1 ERROR [LoraSourceLevel] The language level is 11, but the"
                                    + " runtime and generated classes need 17. Compile with"
                                    + " --release 17 or later."),
                    texts(compilation).stream().filter(t -> !t.startsWith("WARNING")).toList());
        }
    }

    @Test
    @Covers(Message.PROCESSOR_FAILED)
    void anUnexpectedException_isReportedOnItsClass_andOthersAreProcessed() {
        Compilation compilation =
                compileWithFiler(new IllegalStateException("out of luck"), "m.OneLora");

        List<String> texts = texts(compilation);
        assertEquals(2, texts.size());
        assertTrue(
                texts.get(0)
                        .startsWith(
                                "One.java:5:1 ERROR [LoraProcessorFailed] The Ligature processor"
                                        + " (unpackaged) failed on m.One. Please report this with"
                                        + " the source of the class.\n  java.lang"
                                        + ".IllegalStateException: out of luck"),
                texts.get(0));
        assertTrue(texts.get(0).contains("at dev.ligature.processor"), texts.get(0));
        assertEquals(TWO_IS_WRITTEN, texts.get(1));
    }

    @Test
    @Covers(Message.FILE_EXISTS)
    void aFileThatTheCompilerHasAlready_isAWarning() {
        Compilation compilation = compileWithFiler(new FilerException("again"), "m.OneLora");

        assertEquals(
                List.of(
                        "One.java:5:1 WARNING [LoraFileExists] m.OneLora was not written, as the"
                                + " compiler has it already: again. Build the project from scratch"
                                + " if One has changed.",
                        TWO_IS_WRITTEN),
                texts(compilation));
    }

    @Test
    @Covers(Message.FILE_FAILED)
    void aFileThatCannotBeWritten_isAnError_andOthersAreProcessed() {
        Compilation compilation = compileWithFiler(new IOException("disk full"), "m.OneLora");

        assertEquals(
                List.of(
                        "One.java:5:1 ERROR [LoraFileFailed] m.OneLora could not be written:"
                                + " java.io.IOException: disk full.",
                        TWO_IS_WRITTEN),
                texts(compilation));
    }

    /** Compiles One and Two, where the file of one class fails as given. */
    private static Compilation compileWithFiler(Exception failure, String file) {
        return Inline.compiler(
                        new Delegate() {
                            @Override
                            void beforeCreating(String name, Object[] origins) throws Exception {
                                if (file.equals(name)) {
                                    throw failure;
                                }
                            }
                        })
                .withOptions("-Aligature.verbose=true")
                .compile(TWO, ONE);
    }
}

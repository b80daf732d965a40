package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.testing.compile.Compilation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.tools.JavaFileObject;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares generated classes with expected ones, byte for byte. {@code -Dgolden.update=true} writes
 * the expected ones.
 */
class GoldenTest {
    @TempDir Path work;

    static List<TestCase> cases() {
        return TestCase.in("golden");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void javacGeneratesWhatIsExpected_withoutWarnings(TestCase testCase) throws IOException {
        Compilation compilation = testCase.compile(work);

        assertEquals(List.of(), compilation.diagnostics());
        Map<String, String> generated = generated(compilation);
        Path expected = testCase.folder().resolve("expected");
        if (TestCase.UPDATE) {
            write(generated, expected);
        }
        assertFiles(expected(expected), generated);
    }

    @Tag("eclipse")
    @ParameterizedTest
    @MethodSource("cases")
    void eclipseGeneratesTheSame_fromFilesInAnyOrder(TestCase testCase) throws IOException {
        Compilation compilation = testCase.compileWithEclipse(work);

        assertEquals("", ErrorTest.texts(compilation));
        assertFiles(expected(testCase.folder().resolve("expected")), generated(compilation));
    }

    static List<TestCase> casesOfManyFiles() {
        return cases().stream().filter(one -> one.sources("input").size() > 3).toList();
    }

    @ParameterizedTest
    @MethodSource("casesOfManyFiles")
    void javacGeneratesTheSame_fromFilesInAnyOrder(TestCase testCase) throws IOException {
        Compilation compilation =
                testCase.compile(ToolProvider.getSystemJavaCompiler(), testCase.reversed(), work);

        assertFiles(expected(testCase.folder().resolve("expected")), generated(compilation));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theGeneratedCode_passesWithAllWarningsAsErrors(TestCase testCase) {
        List<JavaFileObject> sources = new ArrayList<>(testCase.sources("input"));
        sources.addAll(testCase.sources("expected"));
        Compilation compilation = testCase.compileStrictly(sources, work);

        assertEquals(List.of(), compilation.diagnostics());
        assertEquals(Compilation.Status.SUCCESS, compilation.status());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theJavadocOfGeneratedCode_isComplete(TestCase testCase) {
        List<JavaFileObject> sources = new ArrayList<>(testCase.sources("input"));
        sources.addAll(testCase.sources("expected"));
        Compilation compilation = testCase.compileStrictly(sources, work, "-Xdoclint:all");

        List<String> inGenerated =
                Inline.texts(compilation).stream()
                        .filter(text -> text.contains("Lora.java:"))
                        .toList();
        assertEquals(List.of(), inGenerated);
    }

    static Map<String, String> generated(Compilation compilation) throws IOException {
        Map<String, String> generated = new TreeMap<>();
        String prefix = "/" + StandardLocation.SOURCE_OUTPUT + "/";
        for (JavaFileObject file : compilation.generatedSourceFiles()) {
            byte[] bytes = file.openInputStream().readAllBytes();
            generated.put(
                    file.toUri().getPath().substring(prefix.length()),
                    new String(bytes, StandardCharsets.UTF_8));
        }
        return generated;
    }

    /** Compares file by file, so that a failure shows the one that differs. */
    private static void assertFiles(Map<String, String> expected, Map<String, String> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, text) -> assertEquals(text, actual.get(name), name));
    }

    private static Map<String, String> expected(Path folder) {
        Map<String, String> expected = new TreeMap<>();
        for (Path file : TestCase.files(folder)) {
            String name = folder.relativize(file).toString().replace('\\', '/');
            expected.put(name, TestCase.text(file));
        }
        return expected;
    }

    private static void write(Map<String, String> generated, Path folder) throws IOException {
        for (Path old : TestCase.files(folder)) {
            Files.delete(old);
        }
        for (Map.Entry<String, String> file : generated.entrySet()) {
            Path target = folder.resolve(file.getKey());
            Files.createDirectories(target.getParent());
            Files.writeString(target, file.getValue());
        }
    }
}

package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.testing.compile.Compilation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.JavaFileObject;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compiles wrong models. A comment {@code // ^ LoraCode} below a line says where a diagnostic
 * points: the caret stands under its column. Nothing else may be reported, and {@code messages.txt}
 * has the full texts ({@code -Dgolden.update=true} writes it).
 */
class ErrorTest {
    private static final Pattern CODE = Pattern.compile("^\\[(Lora\\w+)]");
    private static final Pattern CARET = Pattern.compile("^\\s*//\\s*\\^");
    private static final Pattern MARK = Pattern.compile("\\^ ?(Lora\\w+)");

    @TempDir Path work;

    static List<TestCase> cases() {
        return TestCase.in("errors");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void javacPointsAtEveryMistake_andAtNothingElse(TestCase testCase) throws IOException {
        Compilation compilation = testCase.compile(work);

        assertEquals(marks(testCase, true), found(compilation, true));
        Path messages = testCase.folder().resolve("messages.txt");
        if (TestCase.UPDATE) {
            Files.writeString(messages, texts(compilation));
        }
        assertEquals(TestCase.text(messages), texts(compilation));
    }

    @Tag("eclipse")
    @ParameterizedTest
    @MethodSource("cases")
    void eclipseReportsTheSameOnTheSameLines(TestCase testCase) {
        Compilation compilation = testCase.compileWithEclipse(work);

        assertEquals(marks(testCase, false), found(compilation, false));
        assertEquals(TestCase.text(testCase.folder().resolve("messages.txt")), texts(compilation));
    }

    /** Returns the marks in the sources of a case: {@code X.java:12:5 LoraCode}, sorted. */
    static List<String> marks(TestCase testCase, boolean withColumns) {
        List<String> marks = new ArrayList<>();
        Path input = testCase.folder().resolve("input");
        for (Path file : TestCase.files(input)) {
            int line = 0;
            int marked = 0;
            for (String text : TestCase.text(file).lines().toList()) {
                line++;
                if (!CARET.matcher(text).find()) {
                    marked = line;
                    continue;
                }
                for (Matcher mark = MARK.matcher(text); mark.find(); ) {
                    String column = withColumns ? ":" + (mark.start() + 1) : "";
                    marks.add(file.getFileName() + ":" + marked + column + " " + mark.group(1));
                }
            }
        }
        Collections.sort(marks);
        return marks;
    }

    static List<String> found(Compilation compilation, boolean withColumns) {
        return diagnostics(
                        compilation,
                        one -> {
                            Matcher code = CODE.matcher(one.getMessage(Locale.ROOT));
                            String column = withColumns ? ":" + one.getColumnNumber() : "";
                            String what = code.find() ? code.group(1) : one.getMessage(Locale.ROOT);
                            return position(one) + column + " " + what;
                        })
                .toList();
    }

    static String texts(Compilation compilation) {
        List<String> texts =
                diagnostics(
                                compilation,
                                one -> {
                                    String kind = one.getKind().name().toLowerCase(Locale.ROOT);
                                    String text = one.getMessage(Locale.ROOT);
                                    return position(one) + " " + kind + ": " + text + "\n";
                                })
                        .toList();
        return String.join("", texts);
    }

    private static Stream<String> diagnostics(
            Compilation compilation,
            Function<Diagnostic<? extends JavaFileObject>, String> describe) {
        return compilation.diagnostics().stream()
                .filter(one -> one.getKind() != Diagnostic.Kind.NOTE)
                // Eclipse knows no tokens of others in @SuppressWarnings.
                .filter(one -> !one.getMessage(Locale.ROOT).startsWith("Unsupported @Suppress"))
                .map(describe)
                .sorted();
    }

    private static String position(Diagnostic<? extends JavaFileObject> one) {
        JavaFileObject source = one.getSource();
        String path = source == null ? "" : source.toUri().getPath();
        return path.substring(path.lastIndexOf('/') + 1) + ":" + one.getLineNumber();
    }
}

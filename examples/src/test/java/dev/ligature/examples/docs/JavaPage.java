package dev.ligature.examples.docs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** The Java blocks of a page, and the compiler that a reader of it would use. */
final class JavaPage {
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private JavaPage() {}

    /** Returns the Java blocks of a page, in order. */
    static List<String> blocks(Path page) throws IOException {
        return BLOCK.matcher(Files.readString(page))
                .results()
                .map(block -> block.group(1))
                .toList();
    }

    /**
     * Compiles sources with the processor and all warnings on.
     *
     * @param folder where the classes go
     * @return the errors and warnings
     */
    static List<String> compile(Path folder, List<Path> sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        List<String> options =
                List.of(
                        "--release",
                        "17",
                        "-Xlint:all,-processing,-classfile,-options,-path",
                        "-d",
                        folder.toString(),
                        "-processorpath",
                        System.getProperty("java.class.path"),
                        "-processor",
                        "dev.ligature.processor.LoraProcessor");
        try (StandardJavaFileManager files =
                compiler.getStandardFileManager(messages, null, null)) {
            compiler.getTask(
                            null,
                            files,
                            messages,
                            options,
                            null,
                            files.getJavaFileObjectsFromPaths(sources))
                    .call();
        }
        return messages.getDiagnostics().stream()
                .filter(message -> message.getKind() != Diagnostic.Kind.NOTE)
                .map(Object::toString)
                .toList();
    }

    /**
     * Runs a program in a process of its own, in the folder of its classes.
     *
     * @param folder where its classes are
     * @param main the class to run
     * @return what it printed
     */
    static String run(Path folder, String main) throws IOException, InterruptedException {
        Path output = folder.resolve("output.txt");
        ProcessBuilder java =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dai.djl.offline=true",
                        "-cp",
                        folder
                                + System.getProperty("path.separator")
                                + System.getProperty("java.class.path"),
                        main);
        java.directory(folder.toFile());
        java.redirectErrorStream(true).redirectOutput(output.toFile());
        Process process = java.start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        process.destroyForcibly();
        String printed = Files.readString(output);
        assertTrue(ended && process.exitValue() == 0, printed);
        return printed;
    }
}

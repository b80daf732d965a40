package dev.ligature.processor.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A command that has ended.
 *
 * @param exitCode its exit code
 * @param output what it printed, errors included
 */
record Command(int exitCode, String output) {
    private static final long MOST_SECONDS = 300;

    /** Runs a tool of the JDK that runs the build. */
    static Command jdk(Path folder, String tool, String... arguments)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(jdkHome().resolve("bin").resolve(tool) + ""));
        words.addAll(Arrays.asList(arguments));
        return run(folder, words);
    }

    /** Runs a command in a folder. */
    static Command run(Path folder, List<String> words) throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "output", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(words)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("JAVA_HOME", jdkHome().toString());
        // What the surrounding build was started with is not the user's.
        List.of("MAVEN_ARGS", "MAVEN_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVAC_OPTIONS")
                .forEach(environment::remove);
        Process process = builder.start();
        boolean ended = process.waitFor(MOST_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        String printed = Files.readString(output);
        assertEquals(true, ended, printed);
        return new Command(process.exitValue(), printed);
    }

    /** Returns this, having checked that it succeeded. */
    Command succeeded() {
        assertEquals(0, exitCode, output);
        return this;
    }

    private static Path jdkHome() {
        return Path.of(System.getProperty("java.home"));
    }
}

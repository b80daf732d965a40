package dev.ligature.processor.consumer;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The jars that the build has packaged, and those that a user gets with them. */
final class Artifacts {
    /** The version of all artifacts. */
    static final String VERSION = System.getProperty("ligature.version");

    /** The processor, with what is shaded into it. */
    static final Path PROCESSOR = Path.of(System.getProperty("ligature.processor.jar"));

    /** The processor's POM, as it is deployed. */
    static final Path PROCESSOR_POM = Path.of("dependency-reduced-pom.xml");

    /** The runtime's POM, as it is deployed. */
    static final Path RUNTIME_POM = Path.of("..", "runtime", "dependency-reduced-pom.xml");

    private Artifacts() {}

    /** Returns the packaged annotations. */
    static Path annotations() {
        return packaged("annotations");
    }

    /** Returns the packaged runtime. */
    static Path runtime() {
        return packaged("runtime");
    }

    /** Returns what a user's code is compiled and run with: the runtime and all that it needs. */
    static List<Path> classPath() {
        return List.of(
                annotations(),
                runtime(),
                onClassPath("api-[\\d.]+\\.jar"),
                onClassPath("gson-[\\d.]+\\.jar"),
                onClassPath("slf4j-api-[\\d.]+\\.jar"),
                onClassPath("jspecify-[\\d.]+\\.jar"));
    }

    /** Returns Eclipse's compiler. */
    static Path eclipse() {
        return onClassPath("ecj-[\\d.]+\\.jar");
    }

    /** Returns Lombok. */
    static Path lombok() {
        return onClassPath("lombok-[\\d.]+\\.jar");
    }

    /** Returns Kotlin's plugin that runs processors. */
    static Path kapt() {
        return onClassPath("kotlin-annotation-processing-embeddable-[\\d.]+\\.jar");
    }

    /** Returns what Kotlin's programs run with. */
    static Path kotlinLibrary() {
        return onClassPath("kotlin-stdlib-[\\d.]+\\.jar");
    }

    /** Returns Kotlin's compiler and what it needs. */
    static List<Path> kotlinCompiler() {
        return List.of(
                kotlinLibrary(),
                onClassPath("kotlin-compiler-embeddable-[\\d.]+\\.jar"),
                onClassPath("kotlin-daemon-embeddable-[\\d.]+\\.jar"),
                onClassPath("kotlin-script-runtime-[\\d.]+\\.jar"),
                onClassPath("kotlin-reflect-[\\d.]+\\.jar"),
                onClassPath("kotlin-build-tools-api-[\\d.]+\\.jar"),
                onClassPath("kotlinx-coroutines-core-jvm-[\\d.]+\\.jar"),
                onClassPath("annotations-1[\\d.]+\\.jar"));
    }

    /** Returns paths as an argument of a command. */
    static String join(List<Path> paths) {
        return paths.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    /** Returns the first block of a language on the page about the set-up that has a text in it. */
    static String blockOfSetup(String language, String containing) throws IOException {
        String page = Files.readString(Path.of("..", "docs", "setup.md"));
        Matcher blocks =
                Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(page);
        while (blocks.find()) {
            if (blocks.group(1).contains(containing)) {
                return blocks.group(1);
            }
        }
        throw new AssertionError("docs/setup.md has no " + language + " block with " + containing);
    }

    private static Path packaged(String module) {
        Path jar = onClassPath("ligature-" + module + "-[\\w.-]+\\.jar");
        assertTrue(Files.isRegularFile(jar), jar + " is not packaged");
        return jar;
    }

    private static Path onClassPath(String name) {
        String[] entries = System.getProperty("java.class.path").split(File.pathSeparator, -1);
        return Arrays.stream(entries)
                .map(Path::of)
                .filter(entry -> entry.getFileName().toString().matches(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " on the class path"));
    }
}

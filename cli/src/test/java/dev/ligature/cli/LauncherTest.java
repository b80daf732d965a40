package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher in a project of empty folders, with a Maven and a Java that only write down what
 * they are asked for.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a script for bash")
final class LauncherTest {
    private final Map<String, String> environment = new HashMap<>();

    @TempDir Path folder;

    @BeforeEach
    void makeProject() throws IOException {
        Path home = folder.resolve("my project");
        for (String module :
                List.of(
                        "annotations",
                        "processor",
                        "runtime",
                        "models",
                        "pytorch",
                        "server",
                        "cli")) {
            Files.createDirectories(home.resolve(module).resolve("src/main/java"));
            Files.writeString(home.resolve(module).resolve("pom.xml"), "");
        }
        Files.writeString(home.resolve("pom.xml"), "");
        script(home.resolve("ligature"), Files.readString(Path.of("..", "ligature")));
        Path dependency = Files.writeString(folder.resolve("dependency.jar"), "");
        script(
                folder.resolve("bin/mvn"),
                """
                #!/usr/bin/env bash
                echo "mvn $*" >> "%1$s/log"
                printf '\\033[0m\\033[0m\\n' # as Maven does without being asked
                [ -e "%1$s/broken" ] && { echo "[ERROR] broken"; exit 1; }
                mkdir -p cli/target
                touch cli/target/ligature-cli-1.jar
                printf %%s "%2$s" > cli/target/class-path.txt
                """
                        .formatted(folder, dependency));
        script(
                folder.resolve("jdk/bin/java"),
                """
                #!/usr/bin/env bash
                [ "$1" = --version ] && { echo "openjdk 21.0.1 2023-10-17"; exit; }
                [ "$1" = -version ] && exit
                echo "java in $PWD, tracking off: $OPT_OUT_TRACKING"
                locale charmap
                printf '<%%s>\\n' "$@"
                env | grep ^MALLOC_ | sort > "%1$s/allocator"
                exit 42
                """
                        .formatted(folder));
    }

    @Test
    void theAllocator_keepsLargeArrays_unlessTheUserSaysOtherwise() throws Exception {
        environment.put("MALLOC_ARENA_MAX", "4");
        launch("--version");

        assertEquals(
                List.of(
                        "MALLOC_ARENA_MAX=4",
                        "MALLOC_MMAP_THRESHOLD_=4294967296",
                        "MALLOC_TOP_PAD_=67108864",
                        "MALLOC_TRIM_THRESHOLD_=8589934592"),
                Files.readAllLines(folder.resolve("allocator")));
    }

    @Test
    void theFirstCall_buildsAndRunsInTheCurrentFolder() throws Exception {
        CliRun run = launch("train", "--data", "a file.txt");

        assertEquals(42, run.exitCode(), run.err());
        assertTrue(run.err().startsWith("ligature: building"), run.err());
        assertEquals(1, builds());
        List<String> out = run.out().lines().toList();
        assertEquals("java in " + folder.toRealPath() + ", tracking off: true", out.get(0));
        assertTrue(out.contains("<--enable-native-access=ALL-UNNAMED>"), run.out());
        assertTrue(out.contains("<-Dai.djl.offline=true>"), run.out());
        assertEquals(
                List.of(
                        "<" + Ligature.class.getName() + ">",
                        "<train>",
                        "<--data>",
                        "<a file.txt>"),
                out.subList(out.size() - 4, out.size()));
    }

    @Test
    void theNextCall_buildsOnlyIfASourceIsNewerOrAFileOfTheClassPathIsGone() throws Exception {
        launch();
        launch();
        assertEquals(1, builds());

        Path source = folder.resolve("my project/runtime/src/main/java/A.java");
        Files.writeString(source, "class A {}");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(1)));
        launch();
        assertEquals(2, builds());

        // The build left the class path older than the source; it was touched all the same.
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().minusSeconds(9)));
        Files.setLastModifiedTime(source.getParent(), FileTime.from(Instant.now().minusSeconds(9)));
        launch();
        assertEquals(2, builds());

        Files.delete(folder.resolve("dependency.jar"));
        launch();
        assertEquals(3, builds());
    }

    @Test
    void aBuildThatFails_isToldAndNothingRuns() throws Exception {
        Files.writeString(folder.resolve("broken"), "");
        CliRun run = launch("demo");

        assertEquals(1, run.exitCode());
        assertEquals("", run.out());
        assertTrue(run.err().contains("[ERROR] broken"), run.err());
        assertTrue(run.err().endsWith("ligature: the build failed, see above\n"), run.err());
    }

    @Test
    void aLinkToTheLauncher_findsTheProject() throws Exception {
        Path link = folder.resolve("bin/ligature");
        Files.createSymbolicLink(link, Path.of("..", "my project", "ligature"));
        CliRun run = launch(link, "inspect");

        assertEquals(42, run.exitCode(), run.err());
        assertTrue(run.out().contains("<-Dligature.home=" + folder.toRealPath() + "/my project>"));
    }

    @Test
    void anyLocale_isOneOfUtf8() throws Exception {
        for (String locale : List.of("C", "POSIX", "en_XX.UTF-8", "C.UTF-8", "")) {
            environment.put("LC_ALL", locale);
            assertEquals("UTF-8", launch().out().lines().toList().get(1), locale);
        }
    }

    @Test
    void whatMavenWritesToATerminal_isNotSeen() throws Exception {
        assertEquals(1, launch().err().lines().count());
        assertEquals("", launch().err()); // nothing was built
    }

    private CliRun launch(String... args) throws Exception {
        return launch(folder.resolve("my project/ligature"), args);
    }

    private CliRun launch(Path launcher, String... args) throws Exception {
        List<String> line = new ArrayList<>(List.of(launcher.toString()));
        line.addAll(List.of(args));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
        environment.put("JAVA_HOME", folder.resolve("jdk").toString());
        environment.put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
        builder.environment().putAll(environment);
        Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        int code = process.waitFor();
        return new CliRun(code, Files.readString(out), Files.readString(err));
    }

    private long builds() throws IOException {
        return Files.readAllLines(folder.resolve("log")).size();
    }

    private static void script(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }
}

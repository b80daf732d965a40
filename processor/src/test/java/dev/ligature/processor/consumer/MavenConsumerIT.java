package dev.ligature.processor.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A user whose project is built by Maven, with the block of {@code docs/setup.md}.
 *
 * <p>The user's local repository is a folder of this test, which has the packaged artifacts as
 * {@code mvn install} would leave them. All else comes out of the local repository of the build, by
 * file: the plugins are the build's own, so that nothing is missing there and nothing is
 * downloaded.
 */
@Packaged
class MavenConsumerIT {
    private static final String HEAD =
            """
            <project xmlns="http://maven.apache.org/POM/4.0.0">
              <modelVersion>4.0.0</modelVersion>
              <groupId>com.example</groupId>
              <version>1</version>
              <artifactId>%s</artifactId>
              <properties>
                <maven.compiler.release>17</maven.compiler.release>
                <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
              </properties>
            """;
    private static final String RESOURCES =
            """
                <plugin>
                  <groupId>org.apache.maven.plugins</groupId>
                  <artifactId>maven-resources-plugin</artifactId>
                  <version>3.5.0</version>
                </plugin>
              </plugins>
            """;
    private static final String STRICT =
            """
            <showWarnings>true</showWarnings>
            <compilerArgs><arg>-Xlint:all,-processing</arg><arg>-Werror</arg>
            </compilerArgs>
            </configuration>
            """;
    private static final String PARTS =
            """
              <dependency>
                <groupId>com.example</groupId>
                <artifactId>parts</artifactId>
                <version>1</version>
              </dependency>
            </dependencies>
            """;
    private static final String SETTINGS =
            """
            <settings>
              <mirrors>
                <mirror><id>build</id><mirrorOf>*</mirrorOf><url>%s</url></mirror>
              </mirrors>
            </settings>
            """;

    @TempDir Path folder;

    @Test
    void theBlockOfTheSetUp_buildsALibraryAndAnApplication() throws Exception {
        Path project = folder.resolve("project");
        Files.createDirectories(project.resolve(".mvn"));
        String block = Artifacts.blockOfSetup("xml", "annotationProcessorPaths");
        assertTrue(block.contains(">" + Artifacts.VERSION + "<"), block);
        write(project, "all", "<packaging>pom</packaging>" + modules());
        write(project.resolve("parts"), "parts", block);
        write(project.resolve("app"), "app", block.replaceFirst("</dependencies>", PARTS));
        Consumer.copy("parts", project.resolve("parts/src/main/java"));
        Consumer.copy("app", project.resolve("app/src/main/java"));

        Command build = maven(project, "compile").succeeded();

        assertFalse(build.output().contains("WARNING] /"), build.output());
        List<Path> classPath = new ArrayList<>(Artifacts.classPath());
        classPath.add(0, project.resolve("parts/target/classes"));
        classPath.add(0, project.resolve("app/target/classes"));
        Consumer.assertRuns(
                Command.jdk(
                        folder, "java", "-cp", Artifacts.join(classPath), "com.example.app.Main"));
        assertEquals(
                1,
                Consumer.files(
                                project.resolve("app/target/generated-sources/annotations"),
                                "ModelLora.java")
                        .size());
    }

    /** So that a program of the user downloads nothing when it starts, and its log is seen. */
    @Test
    void theBlockOfTheSetUp_namesTheNativeLibraryAndALog_inTheVersionsOfThisBuild()
            throws Exception {
        String block = Artifacts.blockOfSetup("xml", "annotationProcessorPaths");
        String djl = property("djl.version");
        String pytorch = property("pytorch.version");
        for (List<String> artifact :
                List.of(
                        List.of("pytorch-engine", djl),
                        List.of("pytorch-native-cpu", pytorch),
                        List.of("pytorch-jni", pytorch + "-" + djl),
                        List.of("slf4j-simple", property("slf4j.version")))) {
            String named =
                    "<artifactId>%s</artifactId>\n    <version>%s</version>\n"
                            .formatted(artifact.toArray());
            assertTrue(block.contains(named), named);
        }
        assertTrue(block.contains("<classifier>linux-x86_64</classifier>"), block);
    }

    private static String property(String name) throws IOException {
        String pom = Files.readString(Path.of("..", "pom.xml"));
        String start = "<" + name + ">";
        int at = pom.indexOf(start) + start.length();
        return pom.substring(at, pom.indexOf("<", at));
    }

    private static String modules() {
        return "<modules><module>parts</module><module>app</module></modules>";
    }

    private static void write(Path project, String artifact, String rest) throws IOException {
        Files.createDirectories(project);
        String strict = rest.replaceFirst("</configuration>\n", STRICT);
        String pom = HEAD.formatted(artifact) + strict.replaceFirst("</plugins>\n", RESOURCES);
        Files.writeString(project.resolve("pom.xml"), pom + "</project>\n");
    }

    private Command maven(Path project, String goal) throws IOException, InterruptedException {
        String build = Path.of(System.getProperty("ligature.local.repository")).toUri().toString();
        Path settings = folder.resolve("settings.xml");
        Files.writeString(settings, SETTINGS.formatted(build));
        boolean isWindows = File.separatorChar == '\\';
        Path maven =
                Path.of(
                        System.getProperty("ligature.maven.home"),
                        "bin",
                        isWindows ? "mvn.cmd" : "mvn");
        List<String> words = new ArrayList<>(List.of(maven.toString(), "-B", "-ntp"));
        words.addAll(List.of("-s", settings.toString(), "-gs", settings.toString()));
        words.add("-Dmaven.repo.local=" + localRepository());
        words.add(goal);
        return Command.run(project, words);
    }

    private Path localRepository() throws IOException {
        Path repository = folder.resolve("repository");
        install(repository, "ligature-parent", Path.of("..", "pom.xml"), ".pom");
        install(
                repository,
                "ligature-annotations",
                Path.of("..", "annotations", "pom.xml"),
                ".pom");
        install(repository, "ligature-annotations", Artifacts.annotations(), ".jar");
        install(repository, "ligature-runtime", Artifacts.RUNTIME_POM, ".pom");
        install(repository, "ligature-runtime", Artifacts.runtime(), ".jar");
        install(repository, "ligature-processor", Artifacts.PROCESSOR_POM, ".pom");
        install(repository, "ligature-processor", Artifacts.PROCESSOR, ".jar");
        return repository;
    }

    private static void install(Path repository, String artifact, Path file, String end)
            throws IOException {
        Path folder =
                repository.resolve("dev/ligature").resolve(artifact).resolve(Artifacts.VERSION);
        Files.createDirectories(folder);
        Files.copy(file, folder.resolve(artifact + "-" + Artifacts.VERSION + end));
    }
}

package dev.ligature.processor.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user who calls compilers: javac with class path and module path, and Eclipse's. */
@Packaged
class JavacConsumerIT {
    private static final String[] STRICT = {"-Xlint:all,-processing", "-Werror", "--release", "17"};

    @TempDir Path folder;

    @Test
    void theCommandOfTheSetUp_compilesALibraryAndAnApplication() throws Exception {
        List<Path> classPath = new ArrayList<>(Artifacts.classPath());
        for (String part : List.of("parts", "app")) {
            Path sources = folder.resolve(part);
            Consumer.copy(part, sources.resolve("src"));
            List<String> words = setUpCommand(sources, classPath);
            words.addAll(1, List.of("-Xlint:all,-processing", "-Werror"));
            assertEquals("", Command.run(sources, jdk(words)).succeeded().output());
            classPath.add(0, sources.resolve("classes"));
        }

        Consumer.assertRuns(run("-cp", Artifacts.join(classPath), "com.example.app.Main"));
    }

    /** Since JDK 23, a processor that is only on the class path does not run. */
    @Test
    void aProcessorOnTheClassPathAlone_looksAsTheSetUpSays() throws Exception {
        List<Path> classPath = new ArrayList<>(Artifacts.classPath());
        Path parts = compile("parts", classPath, List.of("-proc:none"));
        classPath.add(Artifacts.PROCESSOR);
        List<String> words = new ArrayList<>(List.of("-cp", Artifacts.join(classPath)));
        words.addAll(List.of("-d", folder.resolve("out").toString()));
        Consumer.files(Consumer.SOURCES.resolve("app"), ".java")
                .forEach(file -> words.add(file.toAbsolutePath().toString()));
        words.set(1, words.get(1) + System.getProperty("path.separator") + parts);
        Command command = Command.jdk(folder, "javac", words.toArray(String[]::new));

        assertEquals(1, command.exitCode(), command.output());
        if (Runtime.version().feature() >= 23) {
            String mistake = Artifacts.blockOfSetup("text", "cannot find symbol");
            String symbol =
                    mistake.lines().filter(line -> line.contains("symbol:")).findFirst().get();
            assertTrue(
                    command.output().contains(symbol.strip().replaceAll("\\w+Lora", "ModelLora")));
            assertTrue(!command.output().contains("[Lora"), command.output());
        } else {
            // It runs here, and finds that the library was compiled without it.
            assertTrue(command.output().contains("[LoraChildNotProcessed]"), command.output());
            assertTrue(command.output().contains("docs/setup.md"), command.output());
        }
    }

    @Test
    void modulesCompileAndRun() throws Exception {
        List<Path> modulePath = new ArrayList<>(Artifacts.classPath());
        for (String part : List.of("parts", "app")) {
            Path sources = folder.resolve(part);
            Consumer.copy(part, sources.resolve("src"));
            Consumer.copy("modules/" + part, sources.resolve("src"));
            List<String> words =
                    new ArrayList<>(List.of("--module-path", Artifacts.join(modulePath)));
            words.addAll(
                    List.of(
                            "-Xlint:all,-processing,-requires-automatic"
                                    + ",-requires-transitive-automatic",
                            "-Werror",
                            "--release",
                            "17",
                            "-d",
                            "classes",
                            "--processor-path",
                            Artifacts.PROCESSOR.toString()));
            Consumer.files(sources, ".java").forEach(file -> words.add(file.toString()));
            assertEquals(
                    "",
                    Command.jdk(sources, "javac", words.toArray(String[]::new))
                            .succeeded()
                            .output());
            modulePath.add(0, sources.resolve("classes"));
        }

        Consumer.assertRuns(
                run(
                        "--module-path",
                        Artifacts.join(modulePath),
                        "-m",
                        "com.example.app/com.example.app.Main"));
    }

    @Test
    void aModule_seesTheRuntimesApi_andNothingInternal() throws Exception {
        assertEquals("", compileModuleThatNames("dev.ligature.LoraModel").succeeded().output());
        Command internal = compileModuleThatNames("dev.ligature.internal.slot.Slots");
        assertEquals(1, internal.exitCode(), internal.output());
        String error = "User.java:2: error: package dev.ligature.internal.slot is not visible";
        assertTrue(internal.output().contains(error), internal.output());
    }

    @Test
    void aSuperclassInAModuleThatIsNotRead_isReportedAtTheModel() throws Exception {
        String ours =
                "requires transitive ai.djl.api; requires transitive dev.ligature.annotations;"
                        + " requires transitive dev.ligature.runtime; ";
        String base =
                """
                package lib;
                import ai.djl.nn.*;
                import dev.ligature.annotation.*;
                public abstract class Base extends AbstractBlock { @LoraTarget Block norm; }
                """;
        String model =
                """
                package app;
                import ai.djl.nn.*;
                import dev.ligature.annotation.*;
                abstract class Model extends mid.Between { @LoraTarget Block head; }
                """;
        compileModule("lib", ours + "exports lib;", "Base", base).succeeded();
        String between = "package mid;\npublic abstract class Between extends lib.Base {}\n";
        compileModule("mid", "requires lib; exports mid;", "Between", between).succeeded();

        Command unread = compileModule("app", ours + "requires mid;", "Model", model);
        assertEquals(1, unread.exitCode(), unread.output());
        String error =
                "Model.java:4: error: [LoraClassHidden] ModelLora must name lib.Base, but module"
                        + " app does not read module lib. Add requires lib to module app.";
        assertTrue(unread.output().contains(error), unread.output());
        assertTrue(unread.output().contains("\n1 error"), unread.output());
        compileModule("app", ours + "requires mid; requires lib;", "Model", model).succeeded();
    }

    @Test
    void whatLombokGenerates_canBeNamedByAWhen_ifItRunsFirst_asTheSetUpSays() throws Exception {
        String model =
                """
                package m;
                import ai.djl.nn.*;
                import dev.ligature.annotation.*;
                @lombok.Getter abstract class Model extends AbstractBlock {
                    private boolean tied;
                    @LoraTarget Block in;
                    @LoraTarget @Tied(value = "in", when = "isTied") Block head;
                    Object described() { return ModelLora.describe(); }
                }
                """;
        Path file = Files.writeString(folder.resolve("Model.java"), model);
        Path lombok = Artifacts.lombok();
        compileWithBoth(file, List.of(lombok, Artifacts.PROCESSOR)).succeeded();

        Command late = compileWithBoth(file, List.of(Artifacts.PROCESSOR, lombok));
        assertEquals(1, late.exitCode(), late.output());
        String error = "[LoraWhenUnknown] Model has no field or method 'isTied'.";
        assertTrue(late.output().contains(error), late.output());
        String page = Files.readString(Path.of("..", "docs", "setup.md"));
        assertTrue(page.contains("Lombok before Ligature"), page);
    }

    private Command compileWithBoth(Path file, List<Path> processors) throws Exception {
        List<Path> classPath = new ArrayList<>(Artifacts.classPath());
        classPath.add(Artifacts.lombok());
        return Command.jdk(
                folder,
                "javac",
                "-cp",
                Artifacts.join(classPath),
                "-processorpath",
                Artifacts.join(processors),
                "-d",
                folder.resolve("lombok").toString(),
                file.toString());
    }

    /** Compiles a module of one class into a folder on the module path of the next. */
    private Command compileModule(String module, String directives, String type, String source)
            throws Exception {
        Path sources = Files.createTempDirectory(folder, module);
        Path descriptor = sources.resolve("module-info.java");
        Files.writeString(descriptor, "module " + module + " { " + directives + " }\n");
        Path file = Files.writeString(sources.resolve(type + ".java"), source);
        List<Path> modulePath = new ArrayList<>(Artifacts.classPath());
        modulePath.add(Files.createDirectories(folder.resolve("modules")));
        return Command.jdk(
                sources,
                "javac",
                "--module-path",
                Artifacts.join(modulePath),
                "--processor-path",
                Artifacts.PROCESSOR.toString(),
                "-d",
                folder.resolve("modules").resolve(module).toString(),
                descriptor.toString(),
                file.toString());
    }

    private Command compileModuleThatNames(String type) throws Exception {
        Path sources = Files.createTempDirectory(folder, "module");
        Path descriptor = sources.resolve("module-info.java");
        Files.writeString(descriptor, "module user {\n    requires dev.ligature.runtime;\n}\n");
        Path user = sources.resolve("User.java");
        Files.writeString(user, "package user;\nimport " + type + ";\nclass User {}\n");
        return Command.jdk(
                sources,
                "javac",
                "--module-path",
                Artifacts.join(Artifacts.classPath()),
                "-d",
                "classes",
                descriptor.toString(),
                user.toString());
    }

    @Test
    void theProcessorAsAModule_andEclipsesCompiler_generateTheSame() throws Exception {
        List<Path> classPath = Artifacts.classPath();
        String processor = Artifacts.PROCESSOR.toString();
        Path out = compile("parts", classPath, List.of("--processor-path", processor));
        byte[] expected = Files.readAllBytes(generated(out));

        Path asModule = compile("parts", classPath, List.of("--processor-module-path", processor));
        assertEquals(-1, Arrays.mismatch(expected, Files.readAllBytes(generated(asModule))));

        Path byEclipse = Files.createDirectories(folder.resolve("eclipse"));
        // Eclipse needs no JDK, so there may be no javac.
        List<String> words = new ArrayList<>(List.of("--limit-modules", "java.se"));
        words.addAll(List.of("-jar", Artifacts.eclipse().toString(), "-17"));
        words.addAll(List.of("-d", byEclipse.toString(), "-s", byEclipse.toString()));
        words.addAll(List.of("-cp", Artifacts.join(classPath), "-processorpath", processor));
        words.add(Consumer.SOURCES.resolve("parts").toAbsolutePath().toString());
        run(words.toArray(String[]::new)).succeeded();
        assertEquals(-1, Arrays.mismatch(expected, Files.readAllBytes(generated(byEclipse))));
        assertEquals(1, Consumer.files(byEclipse, "PartLora.class").size());
    }

    private Path compile(String part, List<Path> classPath, List<String> options) throws Exception {
        Path out = Files.createTempDirectory(folder, part);
        List<String> words = new ArrayList<>(List.of("-cp", Artifacts.join(classPath)));
        words.addAll(List.of("-d", out.toString(), "-s", out.toString()));
        words.addAll(options);
        words.addAll(Arrays.asList(STRICT));
        Consumer.files(Consumer.SOURCES.resolve(part), ".java")
                .forEach(file -> words.add(file.toAbsolutePath().toString()));
        Command.jdk(folder, "javac", words.toArray(String[]::new)).succeeded();
        return out;
    }

    private static Path generated(Path out) {
        return Consumer.files(out, "PartLora.java").get(0);
    }

    private Command run(String... arguments) throws IOException, InterruptedException {
        return Command.jdk(folder, "java", arguments);
    }

    /** Returns the words of the command on the page, with what its variables stand for. */
    private static List<String> setUpCommand(Path sources, List<Path> classPath)
            throws IOException {
        String command = Artifacts.blockOfSetup("sh", "-processorpath").replace("\\\n", " ");
        List<String> words = new ArrayList<>();
        Pattern.compile("\\$\\(.*?\\)|\\S+")
                .matcher(command)
                .results()
                .map(found -> found.group())
                .flatMap(
                        word ->
                                word.startsWith("$(find src")
                                        ? Consumer.files(sources, ".java").stream()
                                                .map(Path::toString)
                                        : Stream.of(word))
                .map(word -> word.equals("\"$CLASS_PATH\"") ? Artifacts.join(classPath) : word)
                .map(
                        word ->
                                word.startsWith("ligature-processor")
                                        ? Artifacts.PROCESSOR.toString()
                                        : word)
                .forEach(words::add);
        return words;
    }

    private static List<String> jdk(List<String> words) {
        List<String> withPath = new ArrayList<>(words);
        withPath.set(0, Path.of(System.getProperty("java.home"), "bin", words.get(0)).toString());
        return withPath;
    }
}

package dev.ligature.processor.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user whose models are Kotlin: kapt runs the processor, as it does in Gradle and Maven. */
@Packaged
class KotlinConsumerIT {
    private static final String OPTION = "plugin:org.jetbrains.kotlin.kapt3:";
    private static final String DESCRIBED =
            "ModelDescription[modules=[Module[name=embed_tokens, role=INPUT_EMBEDDING],"
                    + " Module[name=layers.*.proj, role=MODULE],"
                    + " Module[name=lm_head, role=OUTPUT_HEAD]],"
                    + " ties=[Tie[reader=lm_head, source=embed_tokens, when=]]]";

    @TempDir Path folder;
    private Path model = Path.of("");

    @BeforeEach
    void copyModel() throws Exception {
        model = Files.copy(Consumer.SOURCES.resolve("kotlin/Model.kt"), folder.resolve("Model.kt"));
    }

    @Test
    void aModelInKotlin_compilesAndRuns() throws Exception {
        kapt().succeeded();
        compileKotlin(model, folder.resolve("generated")).succeeded();
        List<String> words =
                new ArrayList<>(
                        List.of("-Xlint:all", "-Werror", "-d", "classes", "-cp", "classes"));
        words.set(5, "classes" + System.getProperty("path.separator") + classPath());
        Consumer.files(folder.resolve("generated"), ".java")
                .forEach(file -> words.add(file.toString()));
        assertEquals(
                "",
                Command.jdk(folder, "javac", words.toArray(String[]::new)).succeeded().output());

        String printed =
                Command.jdk(folder, "java", "-cp", words.get(5), "com.example.ModelKt")
                        .succeeded()
                        .output();
        assertEquals(DESCRIBED, printed.strip());
    }

    @Test
    void aPropertyWhoseFieldIsPrivate_isReported() throws Exception {
        String source = Files.readString(model);
        Files.writeString(
                model, source.replace("lateinit var head: Block", "var head: Block? = null"));
        Command kapt = kapt();
        assertEquals(1, kapt.exitCode(), kapt.output());
        assertTrue(kapt.output().contains("[LoraFieldPrivate]"), kapt.output());
        String page = Files.readString(Path.of("..", "docs", "setup.md"));
        assertTrue(page.contains("`@JvmField var`") && page.contains("`lateinit var`"), page);
    }

    private Command kapt() throws Exception {
        List<String> options = new ArrayList<>();
        for (String option :
                List.of(
                        "aptMode=stubsAndApt",
                        "sources=" + folder.resolve("generated"),
                        "classes=" + folder.resolve("kapt"),
                        "stubs=" + folder.resolve("stubs"),
                        "incrementalData=" + folder.resolve("incremental"),
                        "apclasspath=" + Artifacts.PROCESSOR)) {
            options.addAll(List.of("-P", OPTION + option));
        }
        options.add("-Xplugin=" + Artifacts.kapt());
        options.add(model.toString());
        return kotlinc(options);
    }

    private Command compileKotlin(Path... sources) throws Exception {
        return kotlinc(List.of(sources).stream().map(Path::toString).toList());
    }

    private Command kotlinc(List<String> words) throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "-cp",
                                Artifacts.join(Artifacts.kotlinCompiler()),
                                "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
                                "-no-stdlib",
                                "-no-reflect",
                                "-jvm-target",
                                "17",
                                "-d",
                                "classes",
                                "-cp",
                                classPath()));
        command.addAll(words);
        return Command.jdk(folder, "java", command.toArray(String[]::new));
    }

    private static String classPath() {
        List<Path> all = new ArrayList<>(Artifacts.classPath());
        all.add(Artifacts.kotlinLibrary());
        return Artifacts.join(all);
    }
}

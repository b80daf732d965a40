package dev.ligature.examples.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compiles every Java block of the getting-started page as a user would, with the processor and all
 * warnings on, and runs them in order.
 */
final class GettingStartedTest {
    private static final Path PAGE = Path.of("..", "docs", "getting-started.md");
    private static final String MAIN =
            "final class Program { public static void main(String[] arguments) throws Exception {\n";
    private static final Pattern TYPE = Pattern.compile("public final class (\\w+)");

    @TempDir Path folder;

    @Test
    void everyJavaBlock_compilesWithoutAWarning_andTheProgramRuns() throws Exception {
        List<Path> sources = writeSources();
        assertTrue(sources.size() >= 3, "the page has lost its code: " + sources);

        assertEquals(List.of(), JavaPage.compile(folder, sources));
        String printed = JavaPage.run(folder, "com.example.Program");

        assertTrue(printed.contains("embed_tokens"), printed);
        assertTrue(printed.contains("lm_head"), printed);
        assertTrue(printed.contains("(1, 3, 50) (1, 3, 50)"), printed);
        assertTrue(printed.contains("(3, 3, 50)") && printed.contains("(2, 3, 50)"), printed);
        assertTrue(printed.contains("predicted (1, 3, 50)"), printed);
    }

    private List<Path> writeSources() throws IOException {
        List<Path> sources = new ArrayList<>();
        StringBuilder program = new StringBuilder("package com.example;\n");
        for (String code : JavaPage.blocks(PAGE)) {
            Matcher type = TYPE.matcher(code);
            if (type.find()) {
                sources.add(write(type.group(1), code));
            } else if (code.startsWith("import ")) {
                program.append(code).append(MAIN);
            } else {
                program.append(code);
            }
        }
        sources.add(write("Program", program.append("}}\n").toString()));
        return sources;
    }

    private Path write(String type, String code) throws IOException {
        return Files.writeString(folder.resolve(type + ".java"), code);
    }
}

package dev.ligature.models.families;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code and the counts of docs/new-family.md are those of the families. */
final class NewFamilyPageTest {
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern NO_CODE = Pattern.compile("\\s*(//.*)?|(import|package) .*");
    private static final Path SOURCES = Path.of("src/main/java/dev/ligature/models");

    @Test
    void everyPieceOfCode_isInTheSources() throws IOException {
        StringBuilder sources = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            for (Path file : files.filter(file -> file.toString().endsWith(".java")).toList()) {
                sources.append(Files.readString(file));
            }
        }
        String code = spaced(sources.toString());
        String page = Files.readString(Path.of("../docs/new-family.md"));
        List<String> pieces = BLOCK.matcher(page).results().map(found -> found.group(1)).toList();
        assertEquals(5, pieces.size());
        for (String piece : pieces) {
            assertTrue(code.contains(spaced(piece)), piece);
        }
    }

    @Test
    void linesOfTheFamilies_areAsManyAsThePageSays() throws IOException {
        String page = Files.readString(Path.of("../docs/new-family.md"));
        List<String> llama = code("llama");
        long mistral = naming(llama, "MISTRAL|[sS]lidingWindow");
        long smol = naming(llama, "SMOLLM3|smol\\b|[rR]opeless|no_rope");
        for (String row :
                List.of(
                        "| Mistral | variant | %d that name".formatted(mistral),
                        "| SmolLM3 | variant | %d that name".formatted(smol),
                        "| OLMo 2 | " + size("olmo2"),
                        "| Phi-3 | " + size("phi3"))) {
            assertTrue(page.contains("\n" + row), row);
        }
    }

    private static String size(String family) throws IOException {
        return "package of %d classes | %d of code, %d in all |"
                .formatted(files(family).size(), code(family).size(), lines(family).size());
    }

    private static long naming(List<String> lines, String pattern) {
        return lines.stream().filter(Pattern.compile(pattern).asPredicate()).count();
    }

    private static List<Path> files(String family) throws IOException {
        try (Stream<Path> files = Files.list(SOURCES.resolve(family))) {
            return files.filter(file -> !file.endsWith("package-info.java")).sorted().toList();
        }
    }

    private static List<String> lines(String family) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path file : files(family)) {
            lines.addAll(Files.readAllLines(file));
        }
        return lines;
    }

    private static List<String> code(String family) throws IOException {
        String all = String.join("\n", lines(family));
        String bare = COMMENT.matcher(all).replaceAll("");
        return bare.lines().filter(line -> !NO_CODE.matcher(line).matches()).toList();
    }

    private static String spaced(String text) {
        return text.strip().replaceAll("\\s+", " ");
    }
}

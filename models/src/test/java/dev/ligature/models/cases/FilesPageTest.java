package dev.ligature.models.cases;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each row of docs/files.md has a test that shows it. */
final class FilesPageTest {
    private static final Path ROOT = Path.of("..");

    /** Returns the rows below the tables' heads, each as its cells. */
    static List<List<String>> rows() throws IOException {
        List<List<String>> rows = new ArrayList<>();
        for (String line : Files.readAllLines(ROOT.resolve("docs/files.md"))) {
            if (line.startsWith("| ") && !line.endsWith("| test |")) {
                rows.add(Stream.of(line.split("\\|")).skip(1).map(String::strip).toList());
            }
        }
        return rows;
    }

    @Test
    void thePageHasRows() throws IOException {
        assertTrue(rows().size() > 25, rows().toString());
    }

    @ParameterizedTest
    @MethodSource("rows")
    void aRow_namesATest_thatEndsAsItSays(List<String> row) throws IOException {
        assertEquals(3, row.size(), row.toString());
        String test = row.get(2).replace("`", "");
        if (test.contains("#")) {
            assertTrue(hasMethod(test), test);
            return;
        }
        Map<String, FileCase> cases = new HashMap<>();
        FileCasesTest.all().forEach(one -> cases.put(one.name(), one));
        FileCase found = cases.get(test);
        assertNotNull(found, test);
        assertEquals(found.isRefused() ? "refused" : "loads", row.get(1).split("[ ;:,]", 2)[0]);
    }

    private static boolean hasMethod(String test) throws IOException {
        String[] names = test.split("#", 2);
        for (String module : List.of("runtime", "models")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                List<Path> found = files.filter(f -> f.endsWith(names[0] + ".java")).toList();
                if (!found.isEmpty()) {
                    return Files.readString(found.get(0)).contains(" " + names[1] + "(");
                }
            }
        }
        return false;
    }
}

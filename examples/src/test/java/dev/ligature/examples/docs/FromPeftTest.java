package dev.ligature.examples.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java program of the page for users of PEFT works, and is as long as the page says. */
final class FromPeftTest {
    private static final Path PAGE = Path.of("..", "docs", "from-peft.md");
    private static final Pattern BLOCK =
            Pattern.compile("```(python|java)\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINES =
            Pattern.compile("the Python program has (\\d+) lines and the Java program (\\d+)");

    @TempDir Path folder;

    @Test
    void theJavaProgram_compilesWithoutAWarning_learns_andSavesTheAdapter() throws Exception {
        List<String> blocks = JavaPage.blocks(PAGE);
        assertEquals(1, blocks.size());
        Path source = Files.writeString(folder.resolve("Mlp.java"), blocks.get(0));
        assertEquals(List.of(), JavaPage.compile(folder, List.of(source)));
        String printed = JavaPage.run(folder, "com.example.Mlp");
        assertTrue(printed.replace(" ", "").contains("[0,1,1,0]"), printed);
        assertTrue(Files.exists(folder.resolve("adapters/xor/adapter_model.safetensors")));
    }

    @Test
    void theLines_areThoseThatThePageSays() throws Exception {
        String page = Files.readString(PAGE);
        MatchResult said = LINES.matcher(page).results().findAny().orElseThrow();
        List<Long> counted =
                BLOCK.matcher(page)
                        .results()
                        .map(block -> block.group(2).lines().filter(FromPeftTest::counts).count())
                        .toList();
        assertEquals(List.of(Long.valueOf(said.group(1)), Long.valueOf(said.group(2))), counted);
    }

    private static boolean counts(String line) {
        return !line.isBlank() && !line.matches("(import|from|package) .*");
    }
}

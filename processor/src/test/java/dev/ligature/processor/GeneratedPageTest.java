package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page about generated code shows a model and the class that is generated for it. */
class GeneratedPageTest {
    @Test
    void theJavaBlocks_areFilesOfAGoldenCase() {
        String page = TestCase.text(Path.of("..", "docs", "generated.md"));
        Path llama = TestCase.resources().resolve("golden").resolve("llama");
        List<String> blocks =
                Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                        .matcher(page)
                        .results()
                        .map(found -> found.group(1))
                        .toList();

        assertEquals(
                List.of(
                        TestCase.text(llama.resolve("input/llama/LlamaForCausalLM.java")),
                        TestCase.text(llama.resolve("expected/llama/LlamaForCausalLMLora.java"))),
                blocks);
    }
}

package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChatCommandTest {
    private static final Path MODEL = Path.of("..", "examples", "demo", "base");
    private static final String TEMPLATE =
            "{% for m in messages %}{% if m.role == 'judge' %}{{ raise_exception('no judges') }}"
                    + "{% endif %}/* {{ m.role }} */ {{ m.content }}\n{% endfor %}"
                    + "{% if add_generation_prompt %}/* {{ name | default('assistant') }} */ "
                    + "{% endif %}";

    @TempDir Path folder;
    private Path model;

    @BeforeEach
    void copyTheDemo() throws IOException {
        model = Files.createDirectory(folder.resolve("model"));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(MODEL)) {
            for (Path file : files) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    }

    @Test
    void anAnswer_isWhatGenerateAddsToTheRenderedConversation() {
        String prompt = "/* system */ Be brief.\n/* user */ int max(\n/* assistant */ ";

        String first = talk("int max(\n").succeeded().out();

        assertEquals(generated(prompt), first);
        String second = prompt + first.stripTrailing();
        assertTrue(
                first.endsWith(System.lineSeparator()) && !first.isBlank(),
                () -> "'" + first + "'");
        String both = talk("int max(\n\nint min(\n").succeeded().out();
        String answer = first.substring(0, first.length() - System.lineSeparator().length());
        assertEquals(
                first + generated(prompt + answer + "\n/* user */ int min(\n/* assistant */ "),
                both,
                second);
    }

    @Test
    void clear_beginsANewConversation() {
        String once = talk("int max(\n").succeeded().out();

        assertEquals(once + once, talk("int max(\n/clear\nint max(\n").succeeded().out());
    }

    @Test
    void aMessageThatIsTooLong_isNamedAndForgotten() {
        String answer = talk("int max(\n").succeeded().out();

        CliRun run = talk("x ".repeat(600) + "\nint max(\n").succeeded();

        assertEquals(answer, run.out());
        assertTrue(run.err().contains("the model has 512 positions"), run.err());
        assertTrue(run.err().contains("/clear"), run.err());
    }

    @Test
    void aMessageThatTheTemplateRefuses_isNamedAndForgotten() throws IOException {
        String answer = talk("int max(\n").succeeded().out();
        Files.writeString(
                model.resolve("chat_template.jinja"),
                "{% if messages[-1].content == 'no' %}{{ raise_exception('never') }}{% endif %}"
                        + TEMPLATE);

        CliRun run = talk("no\nint max(\n").succeeded();

        assertEquals(answer, run.out());
        assertTrue(run.err().contains("never"), run.err());
    }

    @Test
    void aModelWithoutTemplate_isNamed() {
        CliRun.of("chat", "--model", MODEL).refused("[ChatTemplateMissing]", "chat_template.jinja");
    }

    @Test
    void conversationsOfAFile_areRendered() throws IOException {
        Files.delete(model.resolve("model.safetensors")); // only the template is read
        Path file = folder.resolve("talk.jsonl");
        Files.writeString(
                file,
                """
                {"messages": [{"role": "user", "content": "<ü>"}], "name": "bot"}
                {"messages": [{"role": "judge", "content": ""}]}
                {"messages": [], "add_generation_prompt": false}
                """);

        CliRun run = CliRun.of("chat", "--model", model, "--render", file);

        assertEquals(2, run.exitCode());
        List<String> lines = run.out().lines().toList();
        assertEquals("{\"text\":\"/* user */ <ü>\\n/* bot */ \"}", lines.get(0));
        assertTrue(lines.get(1).startsWith("{\"error\":\"[ChatRefused] "), lines.get(1));
        assertTrue(lines.get(1).endsWith("no judges\"}"), lines.get(1));
        assertEquals("{\"text\":\"\"}", lines.get(2));
        assertTrue(run.err().contains("not rendered: 1"), run.err());
    }

    @Test
    void aWrongLine_isNamed() throws IOException {
        Path file = folder.resolve("talk.jsonl");
        for (String line :
                new String[] {
                    "{\"messages\": 1}",
                    "{\"messages\": [1]}",
                    "{\"messages\": [], \"tools\": {}}",
                    "{\"messages\": [], \"add_generation_prompt\": 1}",
                    "{}"
                }) {
            Files.writeString(file, "{\"messages\": []}\n" + line + "\n");
            CliRun run = CliRun.of("chat", "--model", model, "--render", file);
            assertEquals(2, run.exitCode());
            assertTrue(run.err().contains(file + ", line 2: "), run.err());
        }
    }

    private CliRun talk(String input) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            return CliRun.of(
                    "chat", "--model", model, "--system", "Be brief.", "--max-new-tokens", 6);
        } finally {
            System.setIn(before);
        }
    }

    private String generated(String prompt) {
        return CliRun.of("generate", "--model", model, "--prompt", prompt, "--max-new-tokens", 6)
                .succeeded()
                .out();
    }
}

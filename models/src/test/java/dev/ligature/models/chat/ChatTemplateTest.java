package dev.ligature.models.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChatTemplateTest {
    private static final String TURNS =
            "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m['content'] | trim }}</s>"
                    + "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
    private static final Conversation HELLO =
            Conversation.of(List.of(Conversation.message("user", " Hello! ")));

    @TempDir Path folder;

    @Test
    void templateAndTokens_comeFromTokenizerConfig() throws IOException {
        write(
                "tokenizer_config.json",
                "{\"add_bos_token\": true, \"bos_token\": {\"content\": \"<s>\", \"lstrip\": false},"
                        + " \"pad_token\": null, \"chat_template\": "
                        + quoted(TURNS)
                        + "}");

        ChatTemplate template = ChatTemplate.read(folder);

        assertEquals("<s><user>Hello!</s><assistant>", template.render(HELLO).text());
        assertEquals("<s><user>Hello!</s>", template.render(HELLO.withoutAnswer()).text());
    }

    @Test
    void fileOfTheTemplate_isTakenBeforeTheField() throws IOException {
        write("tokenizer_config.json", "{\"bos_token\": \"B\", \"chat_template\": \"field\"}");
        write("chat_template.jinja", "{{ bos_token }}: file\n");

        assertEquals("B: file", ChatTemplate.read(folder).render(HELLO).text());
    }

    @Test
    void namedTemplates_areChosenByTools() throws IOException {
        write(
                "tokenizer_config.json",
                "{\"chat_template\": [{\"name\": \"default\", \"template\": \"plain\"},"
                        + " {\"name\": \"tool_use\", \"template\": \"{{ tools|tojson }}\"}]}");
        ChatTemplate template = ChatTemplate.read(folder);

        assertEquals("plain", template.render(HELLO).text());
        assertEquals(
                "[{\"name\": \"f\"}]",
                template.render(HELLO.withTools(List.of(Map.of("name", "f")))).text());
    }

    @Test
    void aTemplateWithoutTheDefault_isNamed() throws IOException {
        write(
                "tokenizer_config.json",
                "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"x\"}]}");
        ChatTemplate template = ChatTemplate.read(folder);

        LoraException error = assertThrows(LoraException.class, () -> template.render(HELLO));

        assertEquals("ChatTemplate", error.code());
        assertTrue(error.getMessage().contains("only rag"), error.getMessage());
    }

    @Test
    void aCheckpointWithoutTemplate_isNamed() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": null}");

        CheckpointException error =
                assertThrows(CheckpointException.class, () -> ChatTemplate.read(folder));

        assertEquals(Optional.empty(), ChatTemplate.find(folder));
        assertEquals("ChatTemplateMissing", error.code());
        assertTrue(error.getMessage().contains(folder.toString()), error.getMessage());
    }

    @Test
    void aTemplateOfAnotherType_isNamed() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"default\"}]}");

        CheckpointException error =
                assertThrows(CheckpointException.class, () -> ChatTemplate.read(folder));

        assertEquals("ConfigField", error.code());
        assertTrue(error.getMessage().contains("chat_template is"), error.getMessage());
    }

    @Test
    void aWrongTemplate_isNamedWithFileAndLine() throws IOException {
        write("chat_template.jinja", "a\n{% if x %}\n");

        CheckpointException error =
                assertThrows(CheckpointException.class, () -> ChatTemplate.read(folder));

        assertEquals("ChatTemplate", error.code());
        assertTrue(
                error.getMessage().contains("chat_template.jinja, line 2: expected elif or else"),
                error.getMessage());
        LoraException ofText =
                assertThrows(LoraException.class, () -> ChatTemplate.of("{{ 1 + }}", Map.of()));
        assertEquals("ChatTemplate", ofText.code());
    }

    @Test
    void aFailingTemplate_isNotTakenForARefusal() {
        ChatTemplate template = ChatTemplate.of("\n{{ messages[0].tool.name }}", Map.of());

        LoraException error = assertThrows(LoraException.class, () -> template.render(HELLO));

        assertEquals("ChatTemplate", error.code());
        assertTrue(
                error.getMessage().contains("line 2: 'dict object' has no attribute 'tool'"),
                error.getMessage());
    }

    @Test
    void aRefusal_saysWhatTheTemplateSays() {
        ChatTemplate template =
                ChatTemplate.of("{{ raise_exception('roles must alternate') }}", Map.of());

        LoraException error = assertThrows(LoraException.class, () -> template.render(HELLO));

        assertEquals("ChatRefused", error.code());
        assertTrue(error.getMessage().endsWith("roles must alternate"), error.getMessage());
    }

    @Test
    void numbersOfJson_areWholeOrReal() {
        ChatTemplate template = ChatTemplate.of("{{ v }}", Map.of());

        List<Object> values =
                Arrays.asList(
                        1,
                        (short) 2,
                        3L,
                        BigInteger.TEN,
                        new BigDecimal("4"),
                        new BigDecimal("5.0"),
                        6.5f,
                        1e20,
                        true,
                        null,
                        "x",
                        Map.of("k", 1));

        assertEquals(
                "[1, 2, 3, 10, 4, 5.0, 6.5, 1e+20, True, None, 'x', {'k': 1}]",
                template.render(HELLO.withVariables(Map.of("v", values))).text());
    }

    @Test
    void whatJsonHasNot_isNamed() {
        ChatTemplate template = ChatTemplate.of("", Map.of());
        for (Object value : List.of(new Object(), new BigInteger("9223372036854775808"))) {
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () ->
                                    template.render(
                                            HELLO.withVariables(
                                                    Map.of("v", List.of(Map.of("k", value))))));
            assertEquals("ChatValue", error.code());
            assertTrue(error.getMessage().contains("v[0].k "), error.getMessage());
        }
    }

    @Test
    void theDate_isThatOfTheClock() {
        ChatTemplate template = ChatTemplate.of("{{ strftime_now('%d %b %Y') }}", Map.of());
        Clock clock = Clock.fixed(Instant.parse("2024-07-06T12:00:00Z"), ZoneOffset.UTC);

        assertEquals("06 Jul 2024", template.withClock(clock).render(HELLO).text());
    }

    @Test
    void partsOfTheModel_areMarked() {
        ChatTemplate template =
                ChatTemplate.of(
                        "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}"
                                + "{% generation %}{{ m.content }}{% endgeneration %}{% endif %}"
                                + "{% endfor %}",
                        Map.of());

        ChatText text =
                template.render(
                        Conversation.of(
                                List.of(
                                        Conversation.message("user", "a"),
                                        Conversation.message("assistant", "bc"))));

        assertEquals("user:assistant:bc", text.text());
        assertEquals(List.of(new ChatText.Part(15, 17)), text.generated());
    }

    private void write(String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content);
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\"", "\\\"") + "\"";
    }
}

package dev.ligature.models.training;

import static dev.ligature.models.training.TaskModels.CLS;
import static dev.ligature.models.training.TaskModels.SEP;
import static dev.ligature.models.training.TaskModels.id;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.chat.ChatText;
import dev.ligature.models.chat.Conversation;
import dev.ligature.models.text.DataFiles;
import dev.ligature.models.text.PlacedTokens;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations as tokens; those of letters are worked by hand, the others by Transformers. */
final class ChatRowsTest {
    private static final long NOT = -100;

    /** Writes [CLS] u b [SEP] a c [SEP] of two messages, without marks and with. */
    private static final String PLAIN = template("{{ m.content }} [SEP]");

    private static final String MARKED =
            template(
                    "{% if m.role == 'assistant' %}{% generation %}{{ m.content }} [SEP]"
                            + "{% endgeneration %}{% else %}{{ m.content }} [SEP]{% endif %}");
    private static final String TWO_ROUNDS =
            messages("user", "b", "assistant", "c d", "user", "e", "assistant", "f");

    @TempDir static Path folder;

    private static Path base = Path.of("");
    private static PretrainedModel model;

    private int mostTokens = 20;
    private boolean trainOnPrompt;

    @BeforeAll
    static void load() throws IOException {
        base = TaskModels.copy(folder, "cases/llama-rslora");
        model = PretrainedModel.load(base);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static String template(String message) {
        return "[CLS]{% if tools %} t{% endif %}{% for m in messages %} {{ m.role[0] }} "
                + message
                + "{% endfor %}{% if add_generation_prompt %} a{% endif %}";
    }

    private static String messages(String... rolesAndContents) {
        return "{\"messages\": " + list(rolesAndContents) + "}";
    }

    private static String list(String... rolesAndContents) {
        List<String> messages = new ArrayList<>();
        for (int i = 0; i < rolesAndContents.length; i += 2) {
            messages.add(
                    String.format(
                            "{\"role\": \"%s\", \"content\": \"%s\"}",
                            rolesAndContents[i], rolesAndContents[i + 1]));
        }
        return messages.toString();
    }

    @Test
    void theAssistantsTokens_areThoseOfTransformers() throws IOException {
        Path resources = TaskModels.RESOURCES;
        JsonObject file =
                JsonParser.parseString(Files.readString(resources.resolve("chat/rows.json")))
                        .getAsJsonObject();
        ChatTemplate template = ChatTemplate.of(file.get("template").getAsString(), Map.of());
        int counted = 0;
        for (JsonElement element : file.getAsJsonArray("cases")) {
            JsonObject of = element.getAsJsonObject();
            List<Map<String, String>> messages =
                    StreamSupport.stream(of.getAsJsonArray("messages").spliterator(), false)
                            .map(JsonElement::getAsJsonObject)
                            .map(
                                    m ->
                                            Conversation.message(
                                                    m.get("role").getAsString(),
                                                    m.get("content").getAsString()))
                            .toList();
            ChatText text = template.render(Conversation.of(messages).withoutAnswer());
            String name = of.get("tokenizer").getAsString();
            try (TextTokenizer tokenizer =
                    TextTokenizer.open(resources.resolve("text/" + name + "/tokenizer.json"))) {
                PlacedTokens placed = tokenizer.place(text.text());
                BitSet found = new BitSet();
                text.generated().forEach(part -> placed.within(part.begin(), part.end(), found));
                BitSet expected = new BitSet();
                JsonArray mask = of.getAsJsonArray("mask");
                for (int i = 0; i < mask.size(); i++) {
                    expected.set(i, mask.get(i).getAsInt() == 1);
                }
                long[] ids =
                        StreamSupport.stream(of.getAsJsonArray("ids").spliterator(), false)
                                .mapToLong(JsonElement::getAsLong)
                                .toArray();
                assertArrayEquals(ids, placed.ids(), name);
                assertEquals(expected, found, name + " " + text.text());
                counted += found.cardinality();
            }
        }
        assertTrue(counted > 200, "tokens that count: " + counted);
    }

    @Test
    void whatTheTemplateMarks_counts() throws IOException {
        CausalRow row = row(MARKED, TWO_ROUNDS);
        long u = id('u');
        long a = id('a');
        assertArrayEquals(
                new long[] {
                    CLS, u, id('b'), SEP, a, id('c'), id('d'), SEP, u, id('e'), SEP, a, id('f'), SEP
                },
                row.ids());
        assertArrayEquals(
                new long[] {
                    NOT, NOT, NOT, NOT, NOT, id('c'), id('d'), SEP, NOT, NOT, NOT, NOT, id('f'), SEP
                },
                row.labels());
    }

    @Test
    void withoutMarks_theLastAnswerCounts_andItIsSaid() throws IOException {
        CausalRow row = row(PLAIN, TWO_ROUNDS);
        assertEquals(14, row.ids().length);
        for (int i = 0; i < 12; i++) {
            assertEquals(NOT, row.labels()[i], "label " + i);
        }
        assertEquals(id('f'), row.labels()[12]);
        assertEquals(SEP, row.labels()[13]);
        String data = messages("user", "b", "assistant", "c");
        assertEquals("", report(PLAIN, data));
        String said = report(PLAIN, data + "\n" + TWO_ROUNDS);
        assertTrue(said.contains("of each conversation the last answer counts"), said);
        assertEquals("", report(MARKED, TWO_ROUNDS));
    }

    @Test
    void promptAndCompletion_mayBeMessages_withToolsAndVariables() throws IOException {
        String line =
                "{\"prompt\": "
                        + list("user", "b")
                        + ", \"completion\": "
                        + list("assistant", "c", "user", "d")
                        + ", \"tools\": [{\"name\": \"f\"}]}";
        CausalRow row = row(PLAIN, line);
        assertArrayEquals(
                new long[] {
                    CLS, id('t'), id('u'), id('b'), SEP, id('a'), id('c'), SEP, id('u'), id('d'),
                    SEP
                },
                row.ids());
        assertArrayEquals(
                new long[] {NOT, NOT, NOT, NOT, NOT, NOT, id('c'), SEP, id('u'), id('d'), SEP},
                row.labels());
        String asked =
                TWO_ROUNDS.replace("]}", "], \"chat_template_kwargs\": {\"begin\": \"[MASK]\"}}");
        assertEquals(TaskModels.MASK, row("{{ begin }}" + PLAIN, asked).ids()[0]);
    }

    @Test
    void allTokensCount_whereThePromptIsTrainedOn() throws IOException {
        trainOnPrompt = true;
        for (String template : List.of(PLAIN, MARKED)) {
            CausalRow row = row(template, messages("user", "b"));
            assertArrayEquals(new long[] {CLS, id('u'), id('b'), SEP}, row.labels());
        }
    }

    @Test
    void aConversationThatIsTooLong_isCut_whereSomethingIsLeftToLearn() throws IOException {
        mostTokens = 7;
        assertArrayEquals(
                new long[] {NOT, NOT, NOT, NOT, NOT, id('c'), id('d')},
                row(MARKED, TWO_ROUNDS).labels());
        CausalRow last = row(PLAIN, TWO_ROUNDS);
        assertArrayEquals(
                new long[] {SEP, id('u'), id('e'), SEP, id('a'), id('f'), SEP}, last.ids());
        assertTrue(report(PLAIN, TWO_ROUNDS).startsWith("1 of 1 lines were too long"));
    }

    @Test
    void aLineThatCannotBeLearnt_isNamed_withWhatIsWrong() throws IOException {
        String refuses = "{% if messages|length > 1 %}{{ raise_exception('No!') }}{% endif %}";
        String rewrites = "{{ messages|length }}" + PLAIN;
        for (String[] each :
                new String[][] {
                    {
                        PLAIN,
                        messages("user", "b"),
                        "DataChat",
                        "the role user",
                        "--train-on-prompt"
                    },
                    {MARKED, messages("user", "b"), "DataChat", "nothing counts"},
                    {rewrites, TWO_ROUNDS, "DataChat", "{% generation %} and {% endgeneration %}"},
                    {refuses, TWO_ROUNDS, "ChatRefused", "refuses the conversation: No!"},
                    {PLAIN, "{\"messages\": []}", "DataField", "role and content"},
                    {PLAIN, "{\"messages\": \"b\"}", "DataField", "a list of objects"},
                    {PLAIN, "{\"messages\": [{\"content\": \"b\"}]}", "DataField", "role and"},
                    {PLAIN, "{\"prompt\": \"b\", \"completion\": []}", "DataField", "prompt is"},
                    {PLAIN, TWO_ROUNDS.replace("]}", "], \"tools\": 3}"), "DataField", "tools is 3"}
                }) {
            CheckpointException error =
                    assertThrows(CheckpointException.class, () -> report(each[0], "\n" + each[1]));
            String message = String.valueOf(error.getMessage());
            assertEquals(each[2], error.code(), message);
            assertTrue(message.contains("d.jsonl, line 2: "), message);
            for (int i = 3; i < each.length; i++) {
                assertTrue(message.contains(each[i]), message);
            }
        }
    }

    private CausalRow row(String template, String line) throws IOException {
        use(template);
        try (DataFiles data = DataFiles.open(List.of(file(line)), "", each -> {})) {
            return new CompletionTask(new TextTokens(model, mostTokens), trainOnPrompt, false)
                    .read(data.read(0));
        }
    }

    /** Returns what is said after an epoch. */
    private String report(String template, String lines) throws IOException {
        use(template);
        TrainingTask<?> task =
                TaskKind.CAUSAL.on(model, new TaskSettings(mostTokens, trainOnPrompt, 0.05));
        Path file = file(lines);
        try (NDManager manager = NDManager.newBaseManager();
                TrainingData data = TrainingData.lines(task, List.of(file), 2, 0)) {
            assertTrue(TrainingData.hasPrompts(file));
            data.next(manager);
            return data.report();
        }
    }

    private static Path file(String lines) throws IOException {
        return Files.writeString(folder.resolve("d.jsonl"), lines);
    }

    private static void use(String template) throws IOException {
        Files.writeString(base.resolve("chat_template.jinja"), template);
    }
}

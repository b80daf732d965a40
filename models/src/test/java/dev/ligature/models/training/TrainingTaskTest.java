package dev.ligature.models.training;

import static dev.ligature.models.training.TaskModels.CLS;
import static dev.ligature.models.training.TaskModels.MASK;
import static dev.ligature.models.training.TaskModels.SEP;
import static dev.ligature.models.training.TaskModels.id;
import static dev.ligature.models.training.TaskModels.inside;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.text.DataFiles;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lines of data become; the ids are those of the letters, worked by hand. */
final class TrainingTaskTest {
    private static final long NOT = -100;

    @TempDir Path folder;

    private TaskSettings settings = new TaskSettings(9, false, 0.05);

    /** Uses the batch of all lines, in their order. */
    private interface Use {
        void of(TrainingBatch batch);
    }

    @Test
    void ofACompletion_onlyItsOwnTokensAndItsEndCount() throws IOException {
        String line = "{\"prompt\": \"ab \", \"completion\": \"c\"}";
        with(
                "cases/llama-rslora",
                line,
                batch -> {
                    // [CLS] a ##b c [SEP] and the end, of which the last one is only predicted
                    assertRow(batch.inputs().get(0), 0, CLS, id('a'), inside('b'), id('c'), SEP);
                    assertRow(batch.labels().get(0), 0, NOT, NOT, id('c'), SEP, 2);
                    assertEquals(3, batch.count());
                });
        settings = new TaskSettings(9, true, 0.05);
        with("cases/llama-rslora", line, batch -> assertEquals(5, batch.count()));
    }

    @Test
    void theEndOfAnEmptyCompletion_counts() throws IOException {
        String line = "{\"prompt\": \"ab\", \"completion\": \"\"}";
        with(
                "cases/llama-rslora",
                line,
                batch -> {
                    // The tokenizer ends each text with [SEP], here the end of the model's texts.
                    assertRow(batch.inputs().get(0), 0, CLS, id('a'), inside('b'));
                    assertRow(batch.labels().get(0), 0, NOT, NOT, SEP);
                },
                "\"eos_token_id\": 2",
                "\"eos_token_id\": " + SEP);
    }

    @Test
    void aPromptThatLeavesNoRoomForItsCompletion_losesItsBeginning() throws IOException {
        settings = new TaskSettings(5, false, 0.05);
        with(
                "cases/llama-rslora",
                "{\"prompt\": \"a b a b a b \", \"completion\": \"c\"}",
                batch -> {
                    // The last of five tokens, which is the end of all texts, is only predicted.
                    assertRow(batch.inputs().get(0), 0, id('a'), id('b'), id('c'), SEP);
                    assertRow(batch.labels().get(0), 0, NOT, id('c'), SEP, 2);
                });
        settings = new TaskSettings(3, false, 0.05);
        with(
                "cases/llama-rslora",
                "{\"prompt\": \"a b a b a b \", \"completion\": \"c d e f\"}",
                batch -> {
                    assertRow(batch.inputs().get(0), 0, id('b'), id('c'));
                    assertRow(batch.labels().get(0), 0, id('c'), id('d'));
                });
    }

    @Test
    void aText_isCutAtTheLearnedPositions() throws IOException {
        settings = new TaskSettings(1000, true, 0.05);
        with(
                "families/gpt2",
                "{\"prompt\": \"a\", \"completion\": \"" + " b".repeat(500) + "\"}",
                batch -> assertEquals(64 - 1, batch.count()));
    }

    @Test
    void aTokenOfBothPromptAndCompletion_isTheCompletions() throws IOException {
        String line = "{\"prompt\": \"a\", \"completion\": \"b\"}";
        with(
                "cases/llama-rslora",
                line,
                batch -> {
                    assertRow(batch.inputs().get(0), 0, CLS, id('a'), inside('b'), SEP);
                    assertRow(batch.labels().get(0), 0, NOT, inside('b'), SEP, 2);
                });
    }

    @Test
    void theDecoder_readsTheAnswerShifted_andPaddingDoesNotCount() throws IOException {
        String lines =
                "{\"prompt\": \"a\", \"completion\": \"b c\"}\n{\"input\": \"d e\", \"target\": \"f\"}";
        with(
                "t5/relu",
                lines,
                batch -> {
                    assertRow(batch.inputs().get(0), 0, CLS, id('a'), SEP, 0);
                    assertRow(batch.inputs().get(1), 0, 1, 1, 1, 0);
                    assertRow(batch.inputs().get(1), 1, 1, 1, 1, 1);
                    assertRow(batch.inputs().get(2), 0, 0, CLS, id('b'), id('c'), SEP);
                    assertRow(batch.inputs().get(2), 1, 0, CLS, id('f'), SEP, 0);
                    assertRow(batch.labels().get(0), 0, CLS, id('b'), id('c'), SEP, 1);
                    assertRow(batch.labels().get(0), 1, CLS, id('f'), SEP, 1, NOT);
                });
    }

    @Test
    void aLabel_isANumberOrAName_andAPairHasTypes() throws IOException {
        String lines =
                "{\"text\": \"a\", \"text_pair\": \"b\", \"label\": \"LABEL_3\"}\n"
                        + "{\"text\": \"c d e f g h i j k\", \"label\": 1, \"id\": 7}";
        with(
                "encoders/bert-sequence",
                lines,
                batch -> {
                    assertRow(
                            batch.inputs().get(0), 0, CLS, id('a'), SEP, id('b'), SEP, 0, 0, 0, 0);
                    assertRow(batch.inputs().get(2), 0, 0, 0, 0, 1, 1, 0, 0, 0, 0);
                    assertRow(
                            batch.inputs().get(0),
                            1,
                            CLS,
                            id('c'),
                            id('d'),
                            id('e'),
                            id('f'),
                            id('g'),
                            id('h'),
                            id('i'),
                            SEP);
                    assertArrayEquals(new long[] {3, 1}, batch.labels().get(0).toLongArray());
                });
    }

    @Test
    void theFirstTokenOfAWord_hasItsLabel() throws IOException {
        with(
                "encoders/bert-token",
                "{\"tokens\": [\"ab\", \"c\", \"de\"], \"labels\": [2, \"LABEL_1\", 0]}",
                batch -> {
                    assertRow(
                            batch.inputs().get(0),
                            0,
                            CLS,
                            id('a'),
                            inside('b'),
                            id('c'),
                            id('d'),
                            inside('e'),
                            SEP);
                    assertRow(batch.labels().get(0), 0, NOT, 2, NOT, 1, 0, NOT, NOT);
                    assertEquals(3, batch.count());
                });
    }

    @Test
    void questionsComeFirst_thenAnswers_thenNegatives() throws IOException {
        String lines =
                "{\"query\": \"a\", \"positive\": \"b\", \"negatives\": [\"c\", \"d\"]}\n"
                        + "{\"query\": \"e\", \"positive\": \"f g\"}";
        with(
                "encoders/bert-model",
                lines,
                batch -> {
                    assertEquals(2, batch.count());
                    long[] second = new long[6];
                    for (int row = 0; row < 6; row++) {
                        second[row] = batch.inputs().get(0).get(row).toLongArray()[1];
                    }
                    assertArrayEquals(
                            new long[] {id('a'), id('e'), id('b'), id('f'), id('c'), id('d')},
                            second);
                });
    }

    @Test
    void maskedTokens_areChosenAsTransformersChoosesThem() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            lines.append("{\"text\": \"").append("a b c d e f g h i j ".repeat(3)).append("\"}\n");
        }
        settings = new TaskSettings(82, false, 0.05);
        with(
                "encoders/bert-mlm",
                lines.toString(),
                batch -> {
                    double all = 0;
                    double chosen = 0;
                    double masked = 0;
                    double kept = 0;
                    long[] ids = batch.inputs().get(0).toLongArray();
                    long[] labels = batch.labels().get(0).toLongArray();
                    for (int i = 0; i < ids.length; i++) {
                        all += ids[i] == CLS || ids[i] == SEP || ids[i] == 0 ? 0 : 1;
                        if (labels[i] != NOT) {
                            assertTrue(labels[i] >= id('a') && labels[i] <= id('j'));
                            chosen++;
                            masked += ids[i] == MASK ? 1 : 0;
                            kept += ids[i] == labels[i] ? 1 : 0;
                        }
                    }
                    // 18,000 tokens: within 4 standard deviations
                    assertEquals(0.15, chosen / 18000, 0.0115, "chosen of " + all);
                    assertEquals(0.8, masked / chosen, 0.033);
                    assertEquals(0.1 + 0.1 / 61, kept / chosen, 0.025);
                });
    }

    @Test
    void aLineThatDoesNotFit_isNamedWithItsFileAndNumber() throws IOException {
        String good = "{\"text\": \"a\", \"label\": 1}\n\n";
        for (String[] each :
                new String[][] {
                    {"{\"text\": \"a\", \"label\": 9}", "DataLabel", "the label 9", "0 to 4"},
                    {"{\"text\": \"a\", \"label\": \"LABEL_9\"}", "DataLabel", "Did you mean"},
                    {"{\"text\": \"a\"}", "DataField", "the field label is missing"},
                    {"{\"text\": 3, \"label\": 1}", "DataField", "text is 3", "a text"},
                    {"{\"text\": \"a\", \"text\": \"b\"}", "DataLine", "text is there twice"},
                    {"[1]", "DataLine", "not a JSON object"},
                    {"{\"text\": \"a\"", "DataLine", "ends too early"}
                }) {
            CheckpointException error =
                    assertThrows(
                            CheckpointException.class,
                            () -> with("encoders/bert-sequence", good + each[0], batch -> {}));
            String message = String.valueOf(error.getMessage());
            assertEquals(each[1], error.code(), message);
            assertTrue(message.contains("d.jsonl, line 3: "), message);
            for (int i = 2; i < each.length; i++) {
                assertTrue(message.contains(each[i]), message);
            }
        }
        CheckpointException labels =
                assertThrows(
                        CheckpointException.class,
                        () ->
                                with(
                                        "encoders/bert-token",
                                        "{\"tokens\": [\"a\"], \"labels\": [1, 2]}",
                                        batch -> {}));
        assertTrue(String.valueOf(labels.getMessage()).contains("1 words and labels has 2"));
        CheckpointException empty =
                assertThrows(
                        CheckpointException.class,
                        () -> with("encoders/bert-token", "\n", batch -> {}));
        assertEquals("DataEmpty", empty.code());
    }

    @Test
    void aNumberThatIsNoLabel_andTwoNamesOfOneField_areErrors() {
        for (String number : List.of("-100", "5")) {
            CheckpointException error =
                    assertThrows(
                            CheckpointException.class,
                            () ->
                                    with(
                                            "encoders/bert-sequence",
                                            "{\"text\": \"a\", \"label\": 1}",
                                            batch -> {},
                                            "\"LABEL_3\": 3",
                                            "\"LABEL_3\": " + number));
            assertEquals("ConfigField", error.code());
            String words = "label2id.LABEL_3 is " + number + "; it must be 0 to 4";
            assertTrue(String.valueOf(error.getMessage()).contains(words), error.getMessage());
        }
        String both = "{\"prompt\": \"a\", \"input\": \"b\", \"target\": \"c\"}";
        CheckpointException twice =
                assertThrows(CheckpointException.class, () -> with("t5/relu", both, batch -> {}));
        assertEquals("DataField", twice.code());
        assertTrue(
                String.valueOf(twice.getMessage()).contains("absent, because prompt is there"),
                twice.getMessage());
    }

    @Test
    void whatAModelCannotBeTrainedFor_isRefused() throws IOException {
        assertRefused(
                "TrainTask",
                "encoders/bert-sequence",
                "",
                "problem_type",
                "\"model_type\"",
                "\"problem_type\": \"regression\", \"model_type\"");
        assertRefused(
                "DataEndOfText",
                "cases/llama-rslora",
                "{\"prompt\": \"a\", \"completion\": \"b\"}",
                "eos_token_id",
                "\"eos_token_id\": 2",
                "\"eos_token_id\": null");
        assertRefused(
                "TokenOutOfRange",
                "encoders/modernbert-sequence",
                "{\"text\": \"az\", \"label\": 0}",
                "z'");
    }

    private void assertRefused(
            String code, String base, String lines, String words, String... replaced) {
        LoraException error =
                assertThrows(LoraException.class, () -> with(base, lines, batch -> {}, replaced));
        assertEquals(code, error.code());
        assertTrue(String.valueOf(error.getMessage()).contains(words), error.getMessage());
    }

    /** Makes one batch of all lines. */
    private void with(String base, String lines, Use use, String... replaced) throws IOException {
        Path file = Files.writeString(folder.resolve("d.jsonl"), lines);
        Path models = Files.createTempDirectory(folder, "models");
        try (PretrainedModel model = TaskModels.load(models, base, replaced);
                NDManager manager = NDManager.newBaseManager()) {
            TrainingTask<?> task = TaskKind.of(model, null).on(model, settings);
            use.of(all(task, file, manager));
        }
    }

    private static <E> TrainingBatch all(TrainingTask<E> task, Path file, NDManager manager)
            throws IOException {
        try (DataFiles data = DataFiles.open(List.of(file), task.form(), task::check)) {
            List<E> examples = new ArrayList<>();
            for (int i = 0; i < data.count(); i++) {
                examples.add(task.read(data.read(i)));
            }
            return task.batch(examples, new Random(1), manager);
        }
    }

    private static void assertRow(NDArray array, int row, long... expected) {
        assertArrayEquals(expected, array.get(row).toType(DataType.INT64, false).toLongArray());
    }
}

package dev.ligature.models.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrainingDataTest {
    @TempDir Path folder;

    @Test
    void anEpoch_hasEachLineOnce_inAnOrderOfTheSeed() throws IOException {
        Path one = lines("one.jsonl", "abcd");
        Path two = lines("two.jsonl", "efg");
        try (PretrainedModel model = TaskModels.load(folder, "encoders/bert-sequence")) {
            String first = letters(model, 1, one, two);
            assertEquals(first, letters(model, 1, one, two));
            assertNotEquals(first, letters(model, 2, one, two));
            assertEquals("abcdefg", sorted(first.substring(0, 7)));
            assertEquals("abcdefg", sorted(first.substring(7, 14)));
            assertNotEquals(first.substring(0, 7), first.substring(7, 14));
        }
    }

    private Path lines(String name, String letters) throws IOException {
        StringBuilder text = new StringBuilder("\uFEFF");
        for (String letter : letters.split("(?!^)(?!$)", -1)) {
            text.append("{\"text\": \"").append(letter).append("\", \"label\": 0}\r\n\r\n");
        }
        return Files.writeString(folder.resolve(name), text.toString().stripTrailing());
    }

    /** Returns the texts of two epochs. */
    private static String letters(PretrainedModel model, long seed, Path... files)
            throws IOException {
        TrainingTask<?> task = TaskKind.CLASSIFICATION.on(model, new TaskSettings(9, false, 0.05));
        StringBuilder letters = new StringBuilder();
        try (TrainingData data = TrainingData.lines(task, List.of(files), 2, seed);
                NDManager manager = NDManager.newBaseManager()) {
            for (int step = 0; step < 7; step++) {
                long[] ids = data.next(manager).inputs().get(0).toLongArray();
                letters.append((char) ('a' + ids[1] - 5)).append((char) ('a' + ids[4] - 5));
            }
        }
        return letters.toString();
    }

    private static String sorted(String letters) {
        return letters.chars().sorted().mapToObj(Character::toString).collect(Collectors.joining());
    }

    @Test
    void aBatchWithoutAnythingToLearn_isRefusedWithALine() throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("short.jsonl"),
                        "{\"prompt\": \"a\", \"completion\": \"b\"}\n");
        try (PretrainedModel model = TaskModels.load(folder, "cases/llama-rslora");
                NDManager manager = NDManager.newBaseManager()) {
            TrainingTask<?> task = TaskKind.CAUSAL.on(model, new TaskSettings(1, false, 0.05));
            try (TrainingData data = TrainingData.lines(task, List.of(file), 1, 0)) {
                CheckpointException error =
                        assertThrows(CheckpointException.class, () -> data.next(manager));
                assertEquals("DataNothingCounts", error.code());
                assertTrue(
                        String.valueOf(error.getMessage()).contains("short.jsonl, line 1"),
                        error.getMessage());
            }
        }
    }

    @Test
    void linesThatWereTooLong_areCountedOnce() throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("d.jsonl"),
                        "{\"text\": \"a b c d e\", \"label\": 0}\n{\"text\": \"a\", \"label\": 1}");
        try (PretrainedModel model = TaskModels.load(folder, "encoders/bert-sequence");
                NDManager manager = NDManager.newBaseManager()) {
            TrainingTask<?> task =
                    TaskKind.CLASSIFICATION.on(model, new TaskSettings(4, false, 0.05));
            try (TrainingData data = TrainingData.lines(task, List.of(file), 2, 0)) {
                assertEquals("", data.report());
                data.next(manager);
                data.next(manager);
                assertEquals("1 of 2 lines were too long, and have been cut", data.report());
            }
        }
    }

    @Test
    void aTextBeyondThePositionsOfTheModel_isCut() throws IOException {
        String text = "a ".repeat(40).strip();
        Path file =
                Files.writeString(
                        folder.resolve("d.jsonl"), "{\"text\": \"" + text + "\", \"label\": 0}");
        try (PretrainedModel model = TaskModels.load(folder, "encoders/bert-sequence");
                NDManager manager = NDManager.newBaseManager()) {
            TrainingTask<?> task =
                    TaskKind.CLASSIFICATION.on(model, new TaskSettings(128, false, 0.05));
            try (TrainingData data = TrainingData.lines(task, List.of(file), 1, 0)) {
                assertEquals(new Shape(1, 32), data.next(manager).inputs().head().getShape());
            }
        }
    }

    @Test
    void bytesThatAreNotUtf8_areNamed() throws IOException {
        byte[] bytes = "{\"text\": \"\u00e9\", \"label\": 0}".getBytes(StandardCharsets.ISO_8859_1);
        Path file = Files.write(folder.resolve("latin.jsonl"), bytes);
        try (PretrainedModel model = TaskModels.load(folder, "encoders/bert-sequence")) {
            TrainingTask<?> task =
                    TaskKind.CLASSIFICATION.on(model, new TaskSettings(4, false, 0.05));
            CheckpointException error =
                    assertThrows(
                            CheckpointException.class,
                            () -> TrainingData.lines(task, List.of(file), 2, 0));
            assertTrue(String.valueOf(error.getMessage()).contains("line 1: it is not text"));
        }
    }

    @Test
    void aMaskedModel_needsATokenizerWithAMask() throws IOException {
        Path file = Files.writeString(folder.resolve("d.jsonl"), "{\"text\": \"a\"}");
        Path base = TaskModels.copy(folder, "encoders/bert-mlm");
        Path tokenizer = base.resolve("tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("[MASK]", "[MUSK]"));
        try (PretrainedModel model = PretrainedModel.load(base);
                NDManager manager = NDManager.newBaseManager()) {
            TrainingTask<?> task = TaskKind.MASKED.on(model, new TaskSettings(9, false, 0.05));
            try (TrainingData data = TrainingData.lines(task, List.of(file), 1, 0)) {
                LoraException error = assertThrows(LoraException.class, () -> data.next(manager));
                assertEquals("MaskToken", error.code());
            }
        }
    }

    @Test
    void theTaskOfAModel_followsFromIt() throws IOException {
        List<String> found = new ArrayList<>();
        for (String base :
                List.of(
                        "cases/llama-rslora",
                        "t5/relu",
                        "encoders/bert-sequence",
                        "encoders/bert-token",
                        "encoders/bert-model",
                        "encoders/bert-mlm")) {
            try (PretrainedModel model = TaskModels.load(folder, base)) {
                found.add(TaskKind.of(model, null).toString());
                LoraException error =
                        assertThrows(
                                LoraException.class,
                                () ->
                                        TaskKind.of(
                                                model,
                                                base.startsWith("cases")
                                                        ? TaskKind.MASKED
                                                        : TaskKind.CAUSAL));
                assertEquals("TrainTask", error.code());
                assertTrue(AdapterDefaults.targets(model).isPresent(), base);
            }
        }
        assertEquals(
                List.of(
                        "causal",
                        "seq2seq",
                        "classification",
                        "classification",
                        "embedding",
                        "masked"),
                found);
    }
}

package dev.ligature.models.classification;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.Oracle;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.classification.ClassLabels.Activation;
import dev.ligature.models.text.TokenizedText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Classes are those of Transformers and PEFT, with the meaning that config.json gives them. */
final class TextClassifierTest {
    private static final Path CASES = Path.of("src", "test", "resources", "encoders");

    @TempDir Path folder;

    private static NDArray expected(String name, NDManager manager) throws IOException {
        Path file = CASES.resolve("modernbert-sequence/expected.safetensors");
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            return reader.read(name, manager);
        }
    }

    @Test
    void rowsOfTheBaseAndOfAnAdapter_haveTheLogitsOfPeft() throws IOException {
        try (PretrainedModel model =
                        PretrainedModel.load(CASES.resolve("modernbert-sequence/base"));
                NDManager manager = NDManager.newBaseManager()) {
            model.lora().load("tuned", CASES.resolve("modernbert-sequence/adapter"));
            NDArray ids = expected("input_ids", manager);
            NDArray mask = expected("attention_mask", manager);
            List<TokenizedText> texts = new ArrayList<>();
            for (int row = 0; row < ids.getShape().get(0); row++) {
                int length = (int) mask.get(row).sum().getLong();
                texts.add(TokenizedText.of(Arrays.copyOf(ids.get(row).toLongArray(), length)));
            }
            TextClassifier classifier = TextClassifier.of(model, Routing.none());
            assertEquals(32, classifier.maxTokens());
            Oracle.assertWithin(
                    1e-4, expected("base", manager), classifier.logits(texts, manager), "base");
            NDArray mixed =
                    classifier
                            .through(Routing.rows("tuned", Routing.BASE, "tuned"))
                            .logits(texts, manager);
            Oracle.assertWithin(1e-4, expected("adapter", manager).get(0), mixed.get(0), "first");
            Oracle.assertWithin(1e-4, expected("base", manager).get(1), mixed.get(1), "second");
            Oracle.assertWithin(1e-4, expected("adapter", manager).get(2), mixed.get(2), "third");
        }
    }

    @Test
    void anotherModel_isRefused() throws IOException {
        try (PretrainedModel model = PretrainedModel.load(CASES.resolve("bert-token/base"))) {
            LoraException e =
                    assertThrows(
                            LoraException.class, () -> TextClassifier.of(model, Routing.none()));
            assertEquals("NotClassifier", e.code());
            assertTrue(String.valueOf(e.getMessage()).contains("a classifier of tokens"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "SOFTMAX|good,bad|\"id2label\": {\"0\": \"good\", \"1\": \"bad\"}",
                "SOFTMAX|LABEL_0,LABEL_1|\"num_labels\": 2",
                "SOFTMAX|a,LABEL_1|\"id2label\": {\"0\": \"a\", \"x\": \"b\"}, \"problem_type\":"
                        + " \"single_label_classification\"",
                "SIGMOID|a,b|\"id2label\": {\"0\": \"a\", \"1\": \"b\"}, \"problem_type\":"
                        + " \"multi_label_classification\"",
                "SIGMOID|one|\"id2label\": {\"0\": \"one\"}",
                "SIGMOID|one|\"id2label\": {\"0\": \"one\"}, \"problem_type\":"
                        + " \"single_label_classification\"",
                "NONE|score|\"id2label\": {\"0\": \"score\"}, \"problem_type\": \"regression\"",
            })
    void labelsAndTheirMeaning_areThoseOfTheConfiguration(
            Activation activation, String names, String fields) throws IOException {
        Files.writeString(folder.resolve("config.json"), "{" + fields + "}");
        assertEquals(
                new ClassLabels(List.of(names.split(",", -1)), activation),
                ClassLabels.read(folder));
    }

    @Test
    void aProblemThatIsNotKnown_isRefusedByName() throws IOException {
        Files.writeString(
                folder.resolve("config.json"), "{\"num_labels\": 2, \"problem_type\": \"guess\"}");
        IOException e = assertThrows(IOException.class, () -> ClassLabels.read(folder));
        assertTrue(String.valueOf(e.getMessage()).contains("problem_type"), e::toString);
        assertTrue(String.valueOf(e.getMessage()).contains("guess"), e::toString);
    }

    /** The numbers are torch's: softmax and sigmoid of (1, 2, 3), and softmax of (1000, 0). */
    @Test
    void numbers_areThoseOfTorch() {
        List<String> names = List.of("a", "b", "c");
        ClassLabels softmax = new ClassLabels(names, Activation.SOFTMAX);
        float[] logits = {1, 2, 3};
        assertArrayEquals(
                new float[] {0.09003057f, 0.24472848f, 0.66524094f}, softmax.apply(logits), 1e-6f);
        assertArrayEquals(
                new float[] {0.7310586f, 0.8807971f, 0.95257413f},
                new ClassLabels(names, Activation.SIGMOID).apply(logits),
                1e-6f);
        assertArrayEquals(logits, new ClassLabels(names, Activation.NONE).apply(logits));
        assertArrayEquals(new float[] {1, 0}, softmax.apply(new float[] {1000, 0}));
        assertEquals("c", softmax.likeliest(logits));
        assertEquals("a", softmax.likeliest(new float[] {2, 2, 1}));
    }
}

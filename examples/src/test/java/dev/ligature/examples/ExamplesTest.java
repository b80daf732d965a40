package dev.ligature.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every example does what it says. */
final class ExamplesTest {
    private static final Path BASE = Path.of("demo", "base");

    @TempDir Path folder;

    @Test
    void quickstart() throws IOException {
        assertEquals(
                "logits (1, 3, 100); the adapter changes them: true; the loaded one gives the same:"
                        + " true\n",
                Quickstart.run(folder.resolve("adapter")));
    }

    @Test
    void fineTune() throws IOException {
        String text = "fun twice(value: Int): Int = value + value // in Kotlin\n".repeat(20);

        List<Double> losses = FineTune.run(BASE, text, folder.resolve("adapter"), 5);

        assertTrue(losses.get(1) < 0.8 * losses.get(0), losses.toString());
        assertTrue(Files.exists(folder.resolve("adapter/adapter_model.safetensors")));
    }

    @Test
    void rowsOfOneBatch() throws IOException {
        writeAdapters();

        List<Float> differences =
                RowsOfOneBatch.run(BASE, folder.resolve("java"), folder.resolve("kotlin"));

        assertEquals(4, differences.size());
        differences.forEach(difference -> assertTrue(difference < 1e-3, differences.toString()));
    }

    @Test
    void serveTwoTenants() throws IOException, InterruptedException {
        writeAdapters();

        List<String> answers = ServeTwoTenants.run(BASE, folder, List.of("java", "kotlin"));

        assertTrue(complete("java").startsWith(text(answers.get(0))), answers.get(0));
        assertTrue(complete("kotlin").startsWith(text(answers.get(1))), answers.get(1));
        assertNotEquals(text(answers.get(0)), text(answers.get(1)));
    }

    @Test
    void trainAndAnswer() throws Exception {
        String text = "fun twice(value: Int): Int = value + value // in Kotlin\n".repeat(20);

        List<String> answers = TrainAndAnswer.run(BASE, text, folder, 2);

        String base = MergeAndExport.complete(BASE, null, "fun twice(");
        assertTrue(base.startsWith(answers.get(0)), answers.toString());
        assertNotEquals(answers.get(0), answers.get(1));
        assertTrue(answers.get(2).startsWith("value"), answers.toString());
    }

    @Test
    void mergeAndExport() throws IOException {
        writeAdapters();
        Path merged = folder.resolve("merged");

        MergeAndExport.export(BASE, folder.resolve("java"), merged);

        assertEquals(complete("java"), MergeAndExport.complete(merged, null, "public class "));
        assertNotEquals(
                MergeAndExport.complete(BASE, null, "public class "),
                MergeAndExport.complete(merged, null, "public class "));
    }

    private String complete(String adapter) throws IOException {
        return MergeAndExport.complete(BASE, folder.resolve(adapter), "public class ");
    }

    private static String text(String answer) {
        JsonObject json = JsonParser.parseString(answer).getAsJsonObject();
        return json.getAsJsonArray("choices").get(0).getAsJsonObject().get("text").getAsString();
    }

    /** Writes two adapters with random factors, which change what the model says. */
    private void writeAdapters() throws IOException {
        try (PretrainedModel model = PretrainedModel.load(BASE)) {
            model.manager().getEngine().setRandomSeed(7);
            for (String name : List.of("java", "kotlin")) {
                model.lora()
                        .create(
                                name,
                                LoraConfig.builder()
                                        .setTargetModules("q_proj", "v_proj", "o_proj")
                                        .optInit(LoraInit.RANDOM)
                                        .optLoraAlpha(64)
                                        .build());
                model.lora().save(name, folder.resolve(name));
            }
        }
    }
}

package dev.ligature.models.families;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dev.ligature.Routing;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.models.PretrainedModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Both tensors of a tie in a file, or one of them: tied where Transformers ties. */
final class TiedCopiesTest {
    private static final String HEAD = "lm_head.weight";

    @TempDir Path folder;

    /** With a head of 2W that is not tied, Transformers gives twice the logits. */
    @ParameterizedTest
    @CsvSource({
        "llama3, model.embed_tokens.weight",
        "olmo2-bias, model.embed_tokens.weight",
        "phi3-window, model.embed_tokens.weight",
        "gemma3, model.embed_tokens.weight",
        "gpt2, transformer.wte.weight"
    })
    void copiesThatDiffer_areNotTied_withAWarningThatSaysByHowMuch(String name, String embedding)
            throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            Map<String, NDArray> tensors = tensors(reference);
            NDArray table = tensors.get(embedding);
            tensors.put(HEAD, table.add(table));
            NDArray expected = reference.read("base_logits");
            String log = check(reference, tensors, expected.add(expected), LoadOptions.defaults());
            assertTrue(log.contains("[TiedCopiesDiffer] " + folder), log);
            assertTrue(log.contains("'" + embedding + "' and '" + HEAD + "' are tied"), log);
            String largest = String.valueOf(table.abs().max().getFloat()).substring(0, 5);
            assertTrue(log.contains("at most by " + largest), log);
        }
    }

    @ParameterizedTest
    @CsvSource({"llama3, model.embed_tokens.weight", "gpt2, transformer.wte.weight"})
    void equalCopies_oneOfThem_andTheOneThatIsChosen_areTied(String name, String embedding)
            throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            Map<String, NDArray> tensors = tensors(reference);
            NDArray expected = reference.read("base_logits");
            NDArray table = tensors.get(embedding);
            tensors.put(HEAD, table);
            assertEquals("", check(reference, tensors, expected, LoadOptions.defaults()));
            tensors.remove(embedding);
            assertEquals("", check(reference, tensors, expected, LoadOptions.defaults()));
            tensors.put(embedding, table.add(table));
            LoadOptions head = LoadOptions.defaults().preferCopyOf(HEAD);
            assertEquals("", check(reference, tensors, expected, head));
        }
    }

    private static Map<String, NDArray> tensors(FamilyCase reference) throws IOException {
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader file =
                SafetensorsReader.open(reference.base().resolve("model.safetensors"))) {
            for (String name : file.tensors().keySet()) {
                tensors.put(name, file.read(name, reference.manager()));
            }
        }
        return tensors;
    }

    /** Checks the logits of a file, and returns what was logged about ties. */
    private String check(
            FamilyCase reference,
            Map<String, NDArray> tensors,
            NDArray expected,
            LoadOptions options)
            throws IOException {
        Path config = folder.resolve("config.json");
        Files.deleteIfExists(config);
        Files.copy(reference.base().resolve("config.json"), config);
        Path weights = folder.resolve("model.safetensors");
        Files.deleteIfExists(weights);
        SafetensorsWriter.write(weights, tensors, Map.of("format", "pt"));
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try (PretrainedModel model = PretrainedModel.load(folder, options)) {
            NDList ids = new NDList(reference.read("input_ids"));
            NDArray logits =
                    model.lora().forward(reference.store(), ids, Routing.none()).singletonOrThrow();
            assertEquals(new Shape(2, 14), logits.getShape().slice(0, 2));
            assertWithin(1e-4, expected, logits, "logits");
        } finally {
            System.setErr(before);
        }
        String logged = log.toString(StandardCharsets.UTF_8);
        return logged.contains("Tie") ? logged : "";
    }
}

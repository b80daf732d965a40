package dev.ligature.models.readers;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.Adapter;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.plan.PlanWarning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Adapters of PEFT whose file has the factors of some readers of a shared weight. With {@code
 * ensure_weight_tying} one pair fills all readers, and a warning names those that were filled;
 * untied, and without the flag, each reader has what PEFT computed with.
 */
final class ReaderCasesTest {
    private static final double EPSILON = 1e-4;
    private static final AdapterLoadOptions UNTIED = AdapterLoadOptions.defaults().untied();

    @TempDir private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "t5-shared | shared | encoder.embed_tokens, decoder.embed_tokens, lm_head",
                "bert-embedding | bert.embeddings.word_embeddings | cls.predictions.decoder",
                "bert-decoder | cls.predictions.decoder | bert.embeddings.word_embeddings",
                "gpt2-embedding | transformer.wte | lm_head",
            })
    void theFactorsOfOneReader_areForAllOfThem_withAWarningThatNamesThoseThatWereFilled(
            String name, String has, String filled) throws IOException {
        try (ReaderCase reader = new ReaderCase(name)) {
            Adapter adapter = reader.load("filled", AdapterLoadOptions.defaults());
            assertEquals(1, adapter.plan().pairs().size());
            assertWithin(EPSILON, reader.expected("filled"), reader.logits("filled"), name);
            assertEquals(List.of("LoraTieFilled"), warnings(adapter));
            String message = adapter.plan().warnings().get(0).message();
            assertTrue(
                    message.contains(
                            "factors of " + has + " alone: they are used for " + filled + " too"),
                    message);

            Adapter alone = reader.load("alone", UNTIED);
            assertWithin(EPSILON, reader.expected("peft"), reader.logits("alone"), name);
            assertEquals(List.of("LoraTiedWeightSplit"), warnings(alone));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"t5-head", "bert-both"})
    void copiesThatDisagree_areRefused_andUntiedEachReaderHasItsOwn(String name)
            throws IOException {
        try (ReaderCase reader = new ReaderCase(name)) {
            CheckpointException refused =
                    assertThrows(
                            CheckpointException.class,
                            () -> reader.load("tied", AdapterLoadOptions.defaults()));
            assertEquals("AdapterCopiesDiffer", refused.code());
            assertTrue(refused.getMessage().contains("AdapterLoadOptions.untied"), name);
            reader.load("untied", UNTIED);
            assertWithin(EPSILON, reader.expected("peft"), reader.logits("untied"), name);
        }
    }

    /** PEFT ties GPT-2's readers where the head is targeted, and saves both copies. */
    @Test
    void copiesOfAllReaders_fillNone() throws IOException {
        try (ReaderCase reader = new ReaderCase("gpt2-head")) {
            Adapter adapter = reader.load("tied", AdapterLoadOptions.defaults());
            assertEquals(List.of(), warnings(adapter));
            assertWithin(EPSILON, reader.expected("peft"), reader.logits("tied"), "gpt2-head");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t5-shared-off",
                "t5-head-off",
                "t5-shared-head-off",
                "t5-encoder-off",
                "bert-decoder-off",
                "gpt2-embedding-off"
            })
    void withoutTheFlag_eachReaderHasWhatPeftComputedWith(String name) throws IOException {
        try (ReaderCase reader = new ReaderCase(name)) {
            Adapter adapter = reader.load("mine", AdapterLoadOptions.defaults());
            assertWithin(EPSILON, reader.expected("peft"), reader.logits("mine"), name);
            assertEquals(List.of("LoraTiedWeightSplit"), warnings(adapter));
            reader.load("untied", UNTIED);
            assertWithin(EPSILON, reader.expected("peft"), reader.logits("untied"), name);
        }
    }

    /** What is untied once stays untied: its file loads without an option. */
    @ParameterizedTest
    @ValueSource(strings = {"t5-shared", "t5-head", "bert-decoder", "gpt2-head"})
    void anUntiedAdapter_isSavedAsOneThatDoesNotTie(String name) throws IOException {
        try (ReaderCase reader = new ReaderCase(name)) {
            reader.load("untied", UNTIED.trainable());
            reader.model().lora().save("untied", folder.resolve("saved"));
            Adapter again = reader.model().lora().load("again", folder.resolve("saved"));
            assertEquals(List.of("LoraTiedWeightSplit"), warnings(again));
            assertWithin(EPSILON, reader.expected("peft"), reader.logits("again"), name);
        }
    }

    private static List<String> warnings(Adapter adapter) {
        return adapter.plan().warnings().stream()
                .map(PlanWarning::code)
                .filter(code -> code.startsWith("LoraTie"))
                .toList();
    }
}

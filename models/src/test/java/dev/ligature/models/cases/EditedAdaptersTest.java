package dev.ligature.models.cases;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Adapters in which one thing was changed end in PEFT's numbers, or in an error that names what was
 * changed. {@code interop/make_edits.py} drew the changes and asked PEFT.
 */
final class EditedAdaptersTest {
    private static final Path EDITS = Path.of("src", "test", "resources", "edits.jsonl.gz");

    /**
     * What PEFT raises an exception for, and Ligature reads as what it says: nulls that mean the
     * default, a whole number that is written as 4.0, an empty list; what only training computes.
     */
    private static final Set<String> PLAIN =
            Set.of(
                    "[\"set\",\"alpha_pattern\",null]",
                    "[\"set\",\"rank_pattern\",null]",
                    "[\"set\",\"lora_dropout\",null]",
                    "[\"set\",\"bias\",null]",
                    "[\"set\",\"r\",4.0]",
                    "[\"set\",\"velora_config\",{}]",
                    "[\"set\",\"trainable_token_indices\",[]]");

    private static final String WITHOUT_PREFIX =
            "[\"rename-all\",\"^base_model\\\\.model\\\\.\",\"\"]";

    @TempDir Path folder;

    /** How an edit ended. */
    private enum Outcome {
        NUMBERS_OF_PEFT,
        NUMBERS_AS_IF_UNCHANGED,
        ERROR_THAT_NAMES_IT,
        OTHER_NUMBERS,
        NUMBERS_WHERE_PEFT_HAS_NONE,
        ERROR_THAT_DOES_NOT_NAME_IT,
        OTHER_EXCEPTION
    }

    @Test
    void everyEdit_endsInPeftsNumbers_orInAnErrorThatNamesIt() throws IOException {
        Map<String, List<JsonObject>> byCase =
                AdapterEdit.lines(EDITS).stream()
                        .collect(
                                Collectors.groupingBy(
                                        line -> line.get("case").getAsString(),
                                        TreeMap::new,
                                        Collectors.toList()));
        Map<Outcome, Integer> counts = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<String, List<JsonObject>> entry : byCase.entrySet()) {
            try (ReferenceCase reference = new ReferenceCase(entry.getKey())) {
                LoraModel lora = reference.wrap();
                NDList input = reference.input();
                LogitSums unchanged =
                        LogitSums.of(reference.expected("adapter_logits").toFloatArray());
                for (JsonObject line : entry.getValue()) {
                    StringBuilder said = new StringBuilder();
                    Outcome outcome = outcome(reference, lora, input, unchanged, line, said);
                    counts.merge(outcome, 1, Integer::sum);
                    if (outcome.compareTo(Outcome.ERROR_THAT_NAMES_IT) > 0) {
                        wrong.add(outcome + " " + line + "\n    " + said);
                    }
                }
            }
        }
        assertEquals(List.of(), wrong, () -> counts + "\n" + String.join("\n", wrong));
        assertEquals(2000, counts.values().stream().mapToInt(Integer::intValue).sum());
    }

    private Outcome outcome(
            ReferenceCase reference,
            LoraModel lora,
            NDList input,
            LogitSums unchanged,
            JsonObject line,
            StringBuilder said)
            throws IOException {
        AdapterEdit edit = AdapterEdit.of(line.getAsJsonArray("edit"));
        Path directory = Files.createTempDirectory(folder, "edited");
        edit.write(reference.adapter(), directory);
        JsonElement peft = line.get("peft");
        try {
            lora.load("edited", directory);
            LogitSums sums = sums(lora, input);
            lora.remove("edited");
            said.append(sums);
            if (mayStayUnchanged(line)) {
                return sums.areCloseTo(unchanged)
                        ? Outcome.NUMBERS_AS_IF_UNCHANGED
                        : Outcome.OTHER_NUMBERS;
            }
            if (!peft.isJsonArray()) {
                return Outcome.NUMBERS_WHERE_PEFT_HAS_NONE;
            }
            return sums.areCloseTo(LogitSums.of(peft))
                    ? Outcome.NUMBERS_OF_PEFT
                    : Outcome.OTHER_NUMBERS;
        } catch (LoraException | CheckpointException e) {
            said.append(e.getMessage());
            return edit.isNamedIn(e.getMessage(), reference.adapter())
                    ? Outcome.ERROR_THAT_NAMES_IT
                    : Outcome.ERROR_THAT_DOES_NOT_NAME_IT;
        } catch (IOException | RuntimeException e) {
            said.append(e);
            return Outcome.OTHER_EXCEPTION;
        }
    }

    /**
     * Returns whether an edit may end in the numbers of the adapter as it was, whatever PEFT says:
     * where it is plain what is meant; where all keys lack the prefix, as in the files of PEFT's
     * {@code inject_adapter_in_model}, which PEFT reads only into such a model; where one of two
     * copies of a tied weight is dropped; and where weights of the base are rounded, which are
     * compared and not used.
     */
    private static boolean mayStayUnchanged(JsonObject line) {
        String edit = line.get("edit").toString();
        String name = line.get("case").getAsString();
        boolean peftRaises = line.get("peft").isJsonPrimitive();
        return (peftRaises && PLAIN.contains(edit))
                || edit.equals(WITHOUT_PREFIX)
                || (peftRaises
                        && name.equals("llama-modules-to-save-tied")
                        && edit.startsWith("[\"drop\""))
                || edit.matches("\\[\"dtype\",\".*\\.base_layer\\.weight\",\"B?F16\"]");
    }

    private static LogitSums sums(LoraModel lora, NDList input) {
        try (NDManager scope = input.head().getManager().newSubManager()) {
            NDList ids = new NDList(input.head().duplicate());
            ids.attach(scope);
            NDArray logits = lora.forward(ids, Routing.of("edited")).head(); // (B, T, V)
            return LogitSums.of(logits.toFloatArray());
        }
    }
}

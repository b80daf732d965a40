package dev.ligature.models.cases;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bases in which one thing was changed end in the numbers of Transformers, or in an error that
 * names what was changed. {@code interop/make_base_edits.py} drew the changes and asked
 * Transformers.
 */
final class EditedBasesTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources");
    private static final List<String> INPUTS =
            List.of("input_ids", "attention_mask", "token_type_ids", "decoder_input_ids");
    private static final Path EDITS = RESOURCES.resolve("base-edits.jsonl.gz");

    /**
     * Transformers asserts that its default for the field is a token; nothing is computed by it.
     */
    private static final Pattern PADDING =
            Pattern.compile("\\[\"(remove|rename-field|set)\",\"pad_token_id\".*");

    /** What files of BERT call by either of two names. */
    private static final String HEAD_BIAS = "cls.predictions.decoder.bias";

    @TempDir Path folder;

    /** How an edit ended. */
    private enum Outcome {
        NUMBERS_OF_TRANSFORMERS,
        NUMBERS_OF_WHAT_IS_MEANT,
        ERROR_THAT_NAMES_IT,
        OTHER_NUMBERS,
        NUMBERS_WHERE_TRANSFORMERS_HAS_NONE,
        ERROR_THAT_DOES_NOT_NAME_IT,
        OTHER_EXCEPTION
    }

    @Test
    void everyEdit_endsInTheNumbersOfTransformers_orInAnErrorThatNamesIt() throws IOException {
        Map<Outcome, Integer> counts = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        for (JsonObject line : AdapterEdit.lines(EDITS)) {
            StringBuilder said = new StringBuilder();
            Outcome outcome = outcome(line, said);
            counts.merge(outcome, 1, Integer::sum);
            if (outcome.compareTo(Outcome.ERROR_THAT_NAMES_IT) > 0) {
                wrong.add(outcome + " " + line + "\n    " + said);
            }
        }
        assertEquals(List.of(), wrong, () -> counts + "\n" + String.join("\n", wrong));
        assertEquals(2000, counts.values().stream().mapToInt(Integer::intValue).sum());
    }

    private Outcome outcome(JsonObject line, StringBuilder said) throws IOException {
        String name = line.get("case").getAsString();
        Path base = RESOURCES.resolve(name).resolve("base");
        AdapterEdit edit = AdapterEdit.of(line.getAsJsonArray("edit"));
        Path directory = Files.createTempDirectory(folder, "edited");
        edit.writeBase(base, directory);
        JsonElement reference = line.get("reference");
        LoadOptions options = LoadOptions.defaults().withDataType(DataType.FLOAT32);
        try (PretrainedModel model = PretrainedModel.load(directory, options)) {
            LogitSums sums = sums(model, name);
            said.append(sums);
            if (!reference.isJsonArray()) {
                return isPlain(line, sums)
                        ? Outcome.NUMBERS_OF_WHAT_IS_MEANT
                        : Outcome.NUMBERS_WHERE_TRANSFORMERS_HAS_NONE;
            }
            return sums.areCloseTo(LogitSums.of(reference))
                    ? Outcome.NUMBERS_OF_TRANSFORMERS
                    : Outcome.OTHER_NUMBERS;
        } catch (LoraException | CheckpointException e) {
            said.append(e.getMessage());
            return isNamed(edit, e.getMessage(), base)
                    ? Outcome.ERROR_THAT_NAMES_IT
                    : Outcome.ERROR_THAT_DOES_NOT_NAME_IT;
        } catch (IOException | RuntimeException e) {
            said.append(e);
            return Outcome.OTHER_EXCEPTION;
        } finally {
            Files.delete(directory.resolve("config.json"));
            Files.delete(directory.resolve("model.safetensors"));
        }
    }

    /**
     * Returns whether Transformers refuses a field that is read here as what it means: a whole
     * number for a fraction, a null for the default, anything for what is of no effect.
     */
    private static boolean isPlain(JsonObject line, LogitSums sums) {
        return (line.has("meant")
                        && line.get("meant").isJsonArray()
                        && sums.areCloseTo(LogitSums.of(line.get("meant"))))
                || PADDING.matcher(line.get("edit").toString()).matches();
    }

    /** A size that does not fit the tensors is told by those, next to the configuration. */
    private static boolean isNamed(AdapterEdit edit, String message, Path base) throws IOException {
        return edit.isNamedInOfBase(message.replace(HEAD_BIAS, "cls.predictions.bias"), base)
                || (edit.isOfConfig() && message.contains("config are those of the checkpoint"))
                || (edit.isOfConfig() && message.contains("config is that of the checkpoint"));
    }

    private static LogitSums sums(PretrainedModel model, String name) throws IOException {
        Path numbers = RESOURCES.resolve(name).resolve("expected.safetensors");
        boolean decoder = name.startsWith("cases") || name.startsWith("families");
        try (NDManager scope = NDManager.newBaseManager();
                SafetensorsReader file = SafetensorsReader.open(numbers)) {
            NDList inputs = new NDList();
            for (String input : INPUTS) {
                if (file.tensors().containsKey(input)
                        && !(decoder && input.equals("attention_mask"))) {
                    inputs.add(file.read(input, scope));
                }
            }
            ParameterStore store = new ParameterStore(scope, false);
            NDArray logits = model.lora().forward(store, inputs, Routing.none()).head();
            if (name.startsWith("encoders")) {
                NDArray mask = inputs.get(1).toType(DataType.FLOAT32, true); // (B, T)
                logits = logits.mul(mask.expandDims(2)); // (B, T, V) * (B, T, 1)
            }
            return LogitSums.of(logits.toFloatArray());
        }
    }
}

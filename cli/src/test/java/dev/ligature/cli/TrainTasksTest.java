package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.SafetensorsReader;
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

/** Trainings of models of every kind; the numbers are those of Transformers and PEFT. */
final class TrainTasksTest {
    private static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");
    private static final Path SEQUENCE = RESOURCES.resolve("encoders/bert-sequence/base");

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({
        "causal, cases/llama-rslora",
        "seq2seq, t5/relu",
        "texts, encoders/bert-sequence",
        "texts-modernbert, encoders/modernbert-sequence",
        "words, encoders/bert-token",
        "masked, encoders/bert-mlm"
    })
    void lossesAndFactors_areThoseOfPeft(String name, String model) throws IOException {
        Path expected = RESOURCES.resolve("tasks").resolve(name + ".safetensors");
        Path output = folder.resolve("adapter");
        CliRun.of(
                        "train",
                        "--model",
                        RESOURCES.resolve(model).resolve("base"),
                        "--init-adapter",
                        RESOURCES.resolve(model).resolve("adapter"),
                        "--token-ids",
                        expected,
                        "--output",
                        output,
                        "--optimizer",
                        "sgd",
                        "--learning-rate",
                        "0.05")
                .succeeded();
        Cases.assertClose(
                Cases.tensor(expected, "losses"),
                Cases.column(output.resolve("metrics.csv"), "loss"),
                1e-5);
        Path adapter = output.resolve("adapter_model.safetensors");
        assertFinals(expected, adapter);
    }

    @ParameterizedTest
    @CsvSource({
        "preference, llama-rslora, adapter, --beta 0.1, 0.02",
        "preference-smoothed, train-tokens-biases, init, --beta 0.3 --label-smoothing 0.1, 0.005",
        "preference-ipo, llama-rslora, adapter, --beta 2 --preference-loss ipo, 0.0003"
    })
    void preferences_areLearntAsByTrl(
            String name, String model, String adapter, String options, String rate)
            throws IOException {
        Path expected = RESOURCES.resolve("tasks").resolve(name + ".safetensors");
        Path base = RESOURCES.resolve("cases").resolve(model);
        Path output = folder.resolve("adapter");
        List<Object> data =
                new ArrayList<>(List.of("--task", "preference", "--token-ids", expected));
        data.addAll(List.of("--model", base.resolve("base")));
        data.addAll(List.of(options.split(" ", -1)));
        List<Object> train = new ArrayList<>(List.of("train"));
        train.addAll(data);
        train.addAll(List.of("--init-adapter", base.resolve(adapter), "--output", output));
        train.addAll(List.of("--optimizer", "sgd", "--learning-rate", rate));
        CliRun.of(train.toArray()).succeeded();
        Cases.assertClose(
                Cases.tensor(expected, "losses"),
                Cases.column(output.resolve("metrics.csv"), "loss"),
                1e-5);
        assertFinals(expected, output.resolve("adapter_model.safetensors"));

        data.add(0, "evaluate");
        data.addAll(List.of("--adapter", base.resolve(adapter)));
        String[] lines = CliRun.of(data.toArray()).succeeded().out().split("\n", -1);
        String[] names = {
            "loss", "reward_accuracy", "reward_margin", "reward_chosen", "reward_rejected"
        };
        float[] numbers = Cases.tensor(expected, "evaluated");
        for (int i = 0; i < names.length; i++) {
            assertEquals(names[i], lines[i].split(" ", -1)[0]);
            assertEquals(numbers[i], Double.parseDouble(lines[i].split(" ", -1)[1]), 1e-5);
        }
    }

    private static void assertFinals(Path expected, Path adapter) throws IOException {
        List<String> finals;
        try (SafetensorsReader reader = SafetensorsReader.open(expected)) {
            finals =
                    reader.tensors().keySet().stream().filter(n -> n.startsWith("final.")).toList();
        }
        assertTrue(finals.size() >= 4, finals.toString());
        for (String tensor : finals) {
            Cases.assertClose(
                    Cases.tensor(expected, tensor),
                    Cases.tensor(adapter, tensor.substring("final.".length())),
                    1e-5);
        }
    }

    /** Steps of two batches each, with a schedule, by Transformers; LoRA+ by PEFT. */
    @ParameterizedTest
    @CsvSource({"steps-linear, 3", "steps-loraplus-embedding, 2", "steps-loraplus-biases, 1"})
    void schedulesAccumulationAndLoraPlus_areThoseOfTransformersAndPeft(String name, int warmup)
            throws IOException {
        Path expected = RESOURCES.resolve("tasks").resolve(name + ".safetensors");
        JsonObject settings;
        try (SafetensorsReader reader = SafetensorsReader.open(expected)) {
            settings = JsonParser.parseString(reader.metadata().get("settings")).getAsJsonObject();
        }
        Path init = RESOURCES.resolve(settings.get("folder").getAsString());
        Path output = folder.resolve("adapter");
        List<Object> args =
                new ArrayList<>(
                        List.of(
                                "train",
                                "--model",
                                init.resolveSibling("base"),
                                "--init-adapter",
                                init,
                                "--token-ids",
                                expected,
                                "--output",
                                output,
                                "--accumulation",
                                2,
                                "--schedule",
                                settings.get("schedule").getAsString(),
                                "--warmup-steps",
                                warmup,
                                "--learning-rate",
                                settings.get("rate").getAsString(),
                                "--weight-decay",
                                settings.get("decay").getAsString(),
                                "--max-grad-norm",
                                settings.get("clip").getAsString()));
        if (!settings.get("ratio").isJsonNull()) {
            args.addAll(List.of("--loraplus-ratio", settings.get("ratio").getAsString()));
            args.addAll(
                    List.of(
                            "--loraplus-embedding-rate",
                            settings.get("embedding_rate").getAsString()));
        }
        CliRun.of(args.toArray()).succeeded();
        Path csv = output.resolve("metrics.csv");
        Cases.assertClose(Cases.tensor(expected, "losses"), Cases.column(csv, "loss"), 1e-5);
        Cases.assertClose(
                Cases.tensor(expected, "rates"), Cases.column(csv, "learning_rate"), 1e-9);
        assertFinals(expected, output.resolve("adapter_model.safetensors"));
    }

    @ParameterizedTest
    @CsvSource({
        "texts, encoders/bert-sequence, SEQ_CLS, true",
        "texts-modernbert, encoders/modernbert-sequence, SEQ_CLS, true",
        "words, encoders/bert-token, TOKEN_CLS, true",
        "masked, encoders/bert-mlm, FEATURE_EXTRACTION, false",
        "seq2seq, t5/relu, null, false"
    })
    void aNewAdapter_hasTheTaskType_andAClassifierIsTrainedWhole(
            String name, String model, String type, boolean classifier) throws IOException {
        Path output = folder.resolve("adapter");
        Path base = RESOURCES.resolve(model).resolve("base");
        CliRun.of(
                        "train",
                        "--model",
                        base,
                        "--output",
                        output,
                        "--token-ids",
                        RESOURCES.resolve("tasks").resolve(name + ".safetensors"),
                        "--steps",
                        2)
                .succeeded();
        JsonObject config =
                JsonParser.parseString(Files.readString(output.resolve("adapter_config.json")))
                        .getAsJsonObject();
        assertEquals(type, config.get("task_type").toString().replace("\"", ""));
        assertEquals(classifier, !config.get("modules_to_save").isJsonNull());
        if (classifier) {
            String tensor = "base_model.model.classifier.weight";
            float[] trained = Cases.tensor(output.resolve("adapter_model.safetensors"), tensor);
            float[] before = Cases.tensor(base.resolve("model.safetensors"), "classifier.weight");
            assertEquals(before.length, trained.length);
            assertTrue(!Arrays.equals(before, trained), "the head has not moved");
            CliRun.of("inspect", "--model", base, "--adapter", output).succeeded();
        }
    }

    @Test
    void aBaseWithoutAHead_getsANewOne() throws IOException {
        Path from = RESOURCES.resolve("encoders/bert-model/base");
        Path base = Files.createDirectory(folder.resolve("base"));
        Files.copy(from.resolve("model.safetensors"), base.resolve("model.safetensors"));
        Files.writeString(
                base.resolve("config.json"),
                Files.readString(from.resolve("config.json"))
                        .replace("BertModel", "BertForSequenceClassification")
                        .replace("\"vocab_size\"", "\"num_labels\": 5, \"vocab_size\""));
        Path output = folder.resolve("adapter");
        Object[] train = {
            "train",
            "--model",
            base,
            "--output",
            output,
            "--token-ids",
            tensors("texts"),
            "--model-allow-missing",
            "classifier.*"
        };
        CliRun.of(Arrays.copyOf(train, 7)).refused("classifier.weight");
        CliRun.of(train).succeeded();
        Path logits = folder.resolve("l.safetensors");
        CliRun.of(
                        "logits",
                        "--model",
                        base,
                        "--adapter",
                        output,
                        "--input-ids",
                        "5,6",
                        "--output",
                        logits,
                        "--model-allow-missing",
                        "classifier.*")
                .succeeded();
        assertEquals(5, Cases.tensor(logits, "logits").length);
    }

    private static Path tensors(String name) {
        return RESOURCES.resolve("tasks").resolve(name + ".safetensors");
    }

    @Test
    void tasksThatDoNotFit_areRefused() throws IOException {
        Path output = folder.resolve("adapter");
        Path file = folder.resolve("d.jsonl");
        for (String[] each :
                new String[][] {
                    {"causal", "a classifier of texts", "Use the task classification"},
                    {"embedding", "a classifier of texts", "Use the task classification"}
                }) {
            CliRun.of(
                            "train",
                            "--model",
                            SEQUENCE,
                            "--output",
                            output,
                            "--data",
                            file,
                            "--task",
                            each[0])
                    .refused("[TrainTask]", each[0], each[1], each[2]);
        }
        CliRun.of("train", "--model", SEQUENCE, "--output", output, "--data", file, "--task", "no")
                .refused("--task", "'no'");
        Path config =
                Files.writeString(
                        folder.resolve("c.json"),
                        "{\"peft_type\": \"LORA\", \"task_type\": \"CAUSAL_LM\","
                                + " \"target_modules\": [\"query\"]}");
        CliRun.of(
                        "train",
                        "--model",
                        SEQUENCE,
                        "--output",
                        output,
                        "--data",
                        file,
                        "--adapter-config",
                        config)
                .refused("[TrainTask]", "c.json", "CAUSAL_LM", "SEQ_CLS");
    }

    @Test
    void optionsOfOtherTasks_areRefused() throws IOException {
        Path output = folder.resolve("adapter");
        Path file = Files.writeString(folder.resolve("d.jsonl"), "{}");
        for (String option : List.of("--strip-headers", "--train-on-prompt", "--packing")) {
            CliRun.of("train", "--model", SEQUENCE, "--output", output, "--data", file, option)
                    .refused("The task is classification, so " + option + " has no say");
        }
        CliRun.of(
                        "train",
                        "--model",
                        SEQUENCE,
                        "--output",
                        output,
                        "--data",
                        file,
                        "--temperature",
                        "0.1")
                .refused("The task is classification, so --temperature has no say");
    }

    @Test
    void anOptionThatHasNoSay_isRefusedWithTheFile() throws IOException {
        Path model = RESOURCES.resolve("cases/llama-rslora/base");
        Path output = folder.resolve("adapter");
        Path text = Files.writeString(folder.resolve("t.txt"), "a b c d e f g h");
        Path lines =
                Files.writeString(
                        folder.resolve("d.jsonl"), "{\"prompt\": \"a\", \"completion\": \"b\"}");
        for (String option : List.of("--packing", "--train-on-prompt")) {
            CliRun.of("train", "--model", model, "--output", output, "--data", text, option)
                    .refused(text + " has no prompts but texts", option + " has no say");
            CliRun.of(
                            "train",
                            "--model",
                            model,
                            "--output",
                            output,
                            "--data",
                            lines,
                            option,
                            "--eval-data",
                            text)
                    .refused(text + " has no prompts but texts", option + " has no say");
        }
        CliRun.of("train", "--model", model, "--output", output, "--data", lines, "--strip-headers")
                .refused(lines + " has lines, so --strip-headers has no say");
    }

    @Test
    void dataAndEpochsThatCannotBeMeant_areRefusedAtOnce() throws IOException {
        Path words = Files.createDirectory(folder.resolve("words"));
        Path from = RESOURCES.resolve("encoders/bert-token/base");
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(from.resolve(name), words.resolve(name));
        }
        Files.copy(RESOURCES.resolve("tasks/tokenizer.json"), words.resolve("tokenizer.json"));
        Path data =
                Files.writeString(
                        folder.resolve("d.jsonl"), "{\"tokens\": [\"a\"], \"labels\": [1]}");
        Path none =
                Files.writeString(folder.resolve("n.jsonl"), "{\"tokens\": [], \"labels\": []}");
        List<Object> train = new ArrayList<>(List.of("train", "--model", words, "--data", data));
        train.addAll(List.of("--output", folder.resolve("adapter")));
        List<Object> measured = new ArrayList<>(train);
        measured.addAll(List.of("--eval-data", none));
        CliRun.of(measured.toArray()).refused("[EvaluationEmpty]");
        train.addAll(List.of("--epochs", "1e18"));
        CliRun.of(train.toArray()).refused("--epochs 1.0E18 is more steps than 2147483647");
    }

    @Test
    void tensorsThatDoNotFit_areRefused() throws IOException {
        Path output = folder.resolve("adapter");
        Path tasks = RESOURCES.resolve("tasks");
        CliRun.of(
                        "train",
                        "--model",
                        SEQUENCE,
                        "--output",
                        output,
                        "--token-ids",
                        tasks.resolve("words.safetensors"))
                .refused("[BatchTensor]", "tensor labels is I64 (6, 4, 9)", "(steps, B)");
        CliRun.of(
                        "train",
                        "--model",
                        SEQUENCE,
                        "--output",
                        output,
                        "--token-ids",
                        tasks.resolve("causal.safetensors"))
                .refused("[BatchTensor]", "has no tensor input_ids", "classification");
    }
}

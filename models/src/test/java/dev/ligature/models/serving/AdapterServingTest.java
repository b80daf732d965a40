package dev.ligature.models.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.inference.Predictor;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Blocks;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.Translator;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.embedding.TextEmbedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Encoders that DJL loads by its own means, from a serving.properties, as DJL Serving does. */
final class AdapterServingTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources");
    private static final float CLOSE = 1e-5f;

    @TempDir Path directory;

    @BeforeEach
    void makeEmbedder() throws IOException {
        make("bert-model-linear", "");
    }

    private void make(String encoder, String more) throws IOException {
        Path from = RESOURCES.resolve("encoders").resolve(encoder);
        copy(from.resolve("base"), directory);
        Files.copy(
                RESOURCES.resolve("tasks/tokenizer.json"),
                directory.resolve("tokenizer.json"),
                StandardCopyOption.REPLACE_EXISTING);
        copy(from.resolve("adapter"), directory.resolve("adapters/legal"));
        Files.writeString(
                directory.resolve("serving.properties"),
                "engine=PyTorch\n"
                        + "blockFactory=dev.ligature.models.serving.AdapterBlockFactory\n"
                        + "translatorFactory=dev.ligature.models.serving.AdapterTranslatorFactory\n"
                        + "option.hasParameter=false\n"
                        + more);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(
                        file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private ZooModel<Input, Output> load() throws Exception {
        return criteria().build().loadModel();
    }

    private Criteria.Builder<Input, Output> criteria() {
        return Criteria.builder()
                .setTypes(Input.class, Output.class)
                .optModelPath(directory)
                .optEngine("PyTorch");
    }

    private static Input input(String json) {
        Input input = new Input();
        input.addProperty("Content-Type", "application/json");
        input.add("data", json);
        return input;
    }

    private static JsonElement body(Output output) {
        return JsonParser.parseString(output.getData().getAsString());
    }

    private static float[] numbers(JsonElement array) {
        JsonArray list = array.getAsJsonArray();
        float[] numbers = new float[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = list.get(i).getAsFloat();
        }
        return numbers;
    }

    /** Returns the embedding of a text, computed without DJL's model, and alone. */
    private float[] alone(String text, boolean adapted) throws IOException {
        try (PretrainedModel model = PretrainedModel.load(directory);
                NDManager manager = NDManager.newBaseManager()) {
            Routing routing = Routing.none();
            if (adapted) {
                model.loadAdapter(
                        "a", directory.resolve("adapters/legal"), AdapterLoadOptions.defaults());
                routing = Routing.of("a");
            }
            TextEmbedder embedder = TextEmbedder.of(model, routing);
            return embedder.embed(embedder.encode(List.of(text)), manager).toFloatArray();
        }
    }

    @Test
    void requestsOfABatch_goEachThroughItsAdapter() throws Exception {
        String text = "a b c";
        String longer = "c b a c b a";
        try (ZooModel<Input, Output> model = load();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            Input header = input("{\"inputs\": \"" + text + "\"}");
            header.addProperty("X-Amzn-SageMaker-Adapter-Identifier", "legal");
            Input parameter = input("{\"inputs\": \"" + text + "\"}");
            parameter.addProperty("adapter", "legal");
            Input plain = new Input();
            plain.addProperty("content-type", "text/plain; charset=utf-8");
            plain.add("data", text);
            List<Output> outputs =
                    predictor.batchPredict(
                            List.of(
                                    input("{\"inputs\": \"" + text + "\"}"),
                                    header,
                                    input(
                                            "{\"inputs\": [\""
                                                    + longer
                                                    + "\", \""
                                                    + text
                                                    + "\"], \"adapters\": [\"\", \"legal\"]}"),
                                    parameter,
                                    plain,
                                    input(
                                            "{\"inputs\": [\""
                                                    + longer
                                                    + "\"], \"adapters\": \"legal\"}")));
            float[] base = alone(text, false);
            float[] legal = alone(text, true);
            assertTrue(distance(base, legal) > 1e-3, "the adapter tells");
            assertArrayEquals(base, numbers(body(outputs.get(0))), CLOSE);
            assertArrayEquals(legal, numbers(body(outputs.get(1))), CLOSE);
            JsonArray list = body(outputs.get(2)).getAsJsonArray();
            assertArrayEquals(alone(longer, false), numbers(list.get(0)), CLOSE);
            assertArrayEquals(legal, numbers(list.get(1)), CLOSE);
            assertArrayEquals(legal, numbers(body(outputs.get(3))), CLOSE);
            assertArrayEquals(base, numbers(body(outputs.get(4))), CLOSE);
            JsonArray one = body(outputs.get(5)).getAsJsonArray();
            assertArrayEquals(alone(longer, true), numbers(one.get(0)), CLOSE);
            for (Output output : outputs) {
                assertEquals(200, output.getCode());
                assertEquals("application/json", output.getProperty("Content-Type", ""));
            }
            assertArrayEquals(
                    legal, numbers(body(predictor.predict(header))), CLOSE, "a request alone");
        }
    }

    private static double distance(float[] a, float[] b) {
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }

    @Test
    void aWrongRequest_failsAlone() throws Exception {
        Files.createDirectories(directory.resolve("adapters/broken"));
        Files.writeString(directory.resolve("adapters/broken/adapter_config.json"), "{}");
        copy(directory.resolve("adapters/legal"), directory.resolve("adapters/foreign"));
        Path foreign = directory.resolve("adapters/foreign/adapter_config.json");
        String config = Files.readString(foreign);
        Files.writeString(foreign, config.replace("FEATURE_EXTRACTION", "CAUSAL_LM"));
        try (ZooModel<Input, Output> model = load();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            List<String> wrong =
                    List.of(
                            "nothing",
                            "[]",
                            "{}",
                            "{\"inputs\": 1}",
                            "{\"inputs\": [1]}",
                            "{\"inputs\": []}",
                            "{\"inputs\": \"a\", \"adapters\": [\"legal\", \"legal\"]}",
                            "{\"inputs\": \"a\", \"adapter\": \"legal\"}",
                            "{\"inputs\": \"a\", \"adapters\": \"../legal\"}");
            List<Input> inputs = new ArrayList<>(wrong.stream().map(json -> input(json)).toList());
            inputs.add(new Input());
            inputs.add(input("{\"inputs\": \"a\", \"adapters\": \"lgal\"}"));
            inputs.add(input("{\"inputs\": \"a\", \"adapters\": \"broken\"}"));
            inputs.add(input("{\"inputs\": \"a\", \"adapters\": \"foreign\"}"));
            inputs.add(input("{\"inputs\": \"a b\"}"));
            List<Output> outputs = predictor.batchPredict(inputs);
            for (int i = 0; i <= wrong.size(); i++) {
                assertEquals(400, outputs.get(i).getCode(), outputs.get(i).getMessage());
            }
            assertTrue(outputs.get(0).getMessage().startsWith("[ServingRequest]"));
            Output unknown = outputs.get(wrong.size() + 1);
            assertEquals(404, unknown.getCode());
            JsonObject told = body(unknown).getAsJsonObject();
            assertEquals(404, told.get("code").getAsInt());
            assertTrue(
                    told.get("message").getAsString().contains("Did you mean legal?"), "" + told);
            Output broken = outputs.get(wrong.size() + 2);
            assertEquals(500, broken.getCode(), broken.getMessage());
            assertTrue(!broken.getMessage().contains(directory.toString()), broken.getMessage());
            Output unfit = outputs.get(wrong.size() + 3);
            assertEquals(500, unfit.getCode(), "no request can mend it: " + unfit.getMessage());
            assertEquals(
                    "The adapter cannot be used [AdapterTask]. The log says more.",
                    unfit.getMessage());
            Output good = outputs.get(wrong.size() + 4);
            assertArrayEquals(alone("a b", false), numbers(body(good)), CLOSE);
            assertEquals(
                    404,
                    predictor
                            .predict(input("{\"inputs\": \"a\", \"adapters\": \"none\"}"))
                            .getCode(),
                    "a batch of nothing else");
        }
    }

    @Test
    void anAdapterThatComesLater_isServed_andNothingIsHeldAfterwards() throws Exception {
        try (ZooModel<Input, Output> model = load();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            Input later = input("{\"inputs\": \"a\", \"adapters\": \"later\"}");
            assertEquals(404, predictor.predict(later).getCode());
            copy(directory.resolve("adapters/legal"), directory.resolve("adapters/later"));
            assertArrayEquals(alone("a", true), numbers(body(predictor.predict(later))), CLOSE);
            int arrays = arrays(model);
            for (int i = 0; i < 20; i++) {
                predictor.predict(later);
            }
            assertEquals(arrays, arrays(model));
        }
    }

    private static int arrays(ZooModel<Input, Output> model) {
        return model.getNDManager().getManagedArrays().size()
                + model.getNDManager().getParentManager().getManagedArrays().size();
    }

    @Test
    void threads_getWhatTheyWouldGetAlone() throws Exception {
        float[] base = alone("a b", false);
        float[] legal = alone("a b", true);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (ZooModel<Input, Output> model = load()) {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                boolean adapted = thread % 2 == 0;
                all.add(
                        threads.submit(
                                () -> {
                                    try (Predictor<Input, Output> predictor =
                                            model.newPredictor()) {
                                        for (int i = 0; i < 25; i++) {
                                            Input input =
                                                    input(
                                                            "{\"inputs\": \"a b\", \"adapters\": \""
                                                                    + (adapted ? "legal" : "")
                                                                    + "\"}");
                                            assertArrayEquals(
                                                    adapted ? legal : base,
                                                    numbers(body(predictor.predict(input))),
                                                    CLOSE);
                                        }
                                    }
                                    return null;
                                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aClassifier_answersWithItsLabels() throws Exception {
        make("bert-sequence-linear", "adapterMemory=16\n");
        try (ZooModel<Input, Output> model = load();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            JsonArray labels =
                    body(predictor.predict(input("{\"inputs\": \"a b\", \"adapters\": \"legal\"}")))
                            .getAsJsonArray();
            double sum = 0;
            double last = 1;
            for (JsonElement label : labels) {
                double probability = label.getAsJsonObject().get("probability").getAsDouble();
                assertTrue(probability <= last, "the likeliest first");
                assertTrue(label.getAsJsonObject().has("className"));
                last = probability;
                sum += probability;
            }
            assertEquals(1, sum, 1e-5);
        }
    }

    @Test
    void whatCannotBeServed_isAnErrorWhenItIsLoaded() throws Exception {
        make("bert-mlm", "");
        assertLoads("ServingTask");
        make("bert-model-linear", "adapterMemory=much\n");
        assertLoads("ServingArgument");
        make("bert-model-linear", "adapters=elsewhere\n");
        assertLoads("LoraStoreDirectory");
    }

    @Test
    void theModel_isLoadedOntoTheDeviceOfDjls() {
        Device missing = Device.gpu(Engine.getEngine("PyTorch").getGpuCount());
        EngineException error =
                assertThrows(
                        EngineException.class,
                        () -> criteria().optDevice(missing).build().loadModel());
        String told = String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT);
        assertTrue(told.contains("cuda"), told);
    }

    private void assertLoads(String code) {
        LoraException error = assertThrows(LoraException.class, this::load);
        assertEquals(code, error.code());
    }

    @Test
    void withoutAdapters_theBaseIsServed() throws Exception {
        try (Stream<Path> files = Files.walk(directory.resolve("adapters"))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        try (ZooModel<Input, Output> model = load();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            Output output = predictor.predict(input("{\"inputs\": \"a\"}"));
            assertArrayEquals(alone("a", false), numbers(body(output)), CLOSE);
            Output none = predictor.predict(input("{\"inputs\": \"a\", \"adapters\": \"legal\"}"));
            assertEquals(404, none.getCode());
            assertTrue(none.getMessage().startsWith("[ServingNoAdapters]"), none.getMessage());
        }
    }

    @Test
    void anotherBlock_isAnErrorThatNamesTheFactory() throws Exception {
        try (Model model = Model.newInstance("other", "PyTorch")) {
            model.setBlock(Blocks.identityBlock());
            Translator<Input, Output> translator =
                    new AdapterTranslatorFactory()
                            .newInstance(Input.class, Output.class, model, Map.of());
            try (Predictor<Input, Output> predictor = model.newPredictor(translator)) {
                Exception error =
                        assertThrows(Exception.class, () -> predictor.predict(input("{}")));
                Throwable cause = error instanceof LoraException ? error : error.getCause();
                assertEquals("ServingBlock", ((LoraException) cause).code());
            }
        }
    }
}

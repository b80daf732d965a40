package dev.ligature.server;

import static dev.ligature.server.EncoderFixture.assertWithin;
import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Embeddings over HTTP are those of onnxruntime, and of each request's adapter. */
final class EmbeddingsTest {
    private static final double EPSILON = 1e-5;
    private static final List<String> TUNED = List.of("one", "two", "three");

    @TempDir static Path folder;
    private static EncoderFixture fixture;
    private static HttpCalls http;
    private static List<String> texts;
    private static float[][] embeddings; // by onnxruntime
    private static long[][] tokens; // by the tokenizers of Hugging Face

    @BeforeAll
    static void open() throws Exception {
        Path directory = folder.resolve("minilm");
        EncoderFixture.writeMiniLm(directory);
        Path config = directory.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceFirst("\\{", "{\"matryoshka_dimensions\": [128, 64],"));
        Path adapters = Files.createDirectory(folder.resolve("adapters"));
        fixture =
                new EncoderFixture(
                        directory,
                        adapters,
                        new ServerLimits(8, 64, 100, 1 << 20, 60, 30),
                        ServerAccess.OPEN);
        http = fixture.http();
        LoraModel lora = fixture.model().lora();
        for (String name : TUNED) {
            LoraConfig tuned =
                    LoraConfig.builder()
                            .setTargetModules("query", "value")
                            .optInit(LoraInit.RANDOM)
                            .optRank(4)
                            .optLoraAlpha(64)
                            .build();
            lora.create("written", tuned, TUNED.indexOf(name) + 1);
            lora.save("written", adapters.resolve(name));
            lora.remove("written");
        }
        String given = Files.readString(EncoderFixture.RESOURCES.resolve("minilm/texts.json"));
        texts = List.of(new Gson().fromJson(given, String[].class));
        embeddings = rows(fixture.expected("minilm/expected.safetensors", "embeddings"));
        NDArray ids = fixture.expected("minilm/expected.safetensors", "input_ids");
        NDArray mask = fixture.expected("minilm/expected.safetensors", "attention_mask");
        tokens = new long[texts.size()][];
        for (int text = 0; text < tokens.length; text++) {
            int length = (int) mask.get(text).sum().getLong();
            tokens[text] = Arrays.copyOf(ids.get(text).toLongArray(), length);
        }
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    private static float[][] rows(NDArray array) {
        float[][] rows = new float[(int) array.getShape().get(0)][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = array.get(row).toFloatArray();
        }
        return rows;
    }

    private static HttpResponse<String> embed(Map<String, ?> body) throws Exception {
        return http.send(http.post("/v1/embeddings", new Gson().toJson(body)).build());
    }

    private static List<Float> numbers(JsonElement entry) {
        List<Float> numbers = new ArrayList<>();
        entry.getAsJsonObject()
                .getAsJsonArray("embedding")
                .forEach(number -> numbers.add(number.getAsFloat()));
        return numbers;
    }

    @Test
    void textsAndTheirTokens_haveTheEmbeddingsOfOnnxruntime() throws Exception {
        for (Object input : List.of(texts, tokens)) {
            HttpResponse<String> response = embed(Map.of("model", "base", "input", input));
            assertEquals(200, response.statusCode(), response.body());
            JsonObject body = json(response.body());
            assertEquals("list", body.get("object").getAsString());
            assertEquals("base", body.get("model").getAsString());
            JsonArray data = body.getAsJsonArray("data");
            assertEquals(texts.size(), data.size());
            for (int text = 0; text < texts.size(); text++) {
                JsonObject entry = data.get(text).getAsJsonObject();
                assertEquals("embedding", entry.get("object").getAsString());
                assertEquals(text, entry.get("index").getAsInt());
                assertWithin(EPSILON, embeddings[text], numbers(entry));
            }
            int count = Arrays.stream(tokens).mapToInt(ids -> ids.length).sum();
            JsonObject usage = body.getAsJsonObject("usage");
            assertEquals(count, usage.get("prompt_tokens").getAsInt());
            assertEquals(count, usage.get("total_tokens").getAsInt());
        }
        HttpResponse<String> one = embed(Map.of("model", "base", "input", tokens[1]));
        assertWithin(
                EPSILON, embeddings[1], numbers(json(one.body()).getAsJsonArray("data").get(0)));
    }

    @Test
    void clientsOfOpenAi_getThem_asBase64AndAsNumbers() {
        String url = "http://127.0.0.1:" + fixture.server().port() + "/v1";
        try (OpenAIClientScope client = new OpenAIClientScope(url)) {
            for (EmbeddingCreateParams.EncodingFormat format :
                    List.of(
                            EmbeddingCreateParams.EncodingFormat.BASE64,
                            EmbeddingCreateParams.EncodingFormat.FLOAT)) {
                CreateEmbeddingResponse answer =
                        client.client()
                                .embeddings()
                                .create(
                                        EmbeddingCreateParams.builder()
                                                .model("base")
                                                .inputOfArrayOfStrings(texts)
                                                .encodingFormat(format)
                                                .build());
                for (int text = 0; text < texts.size(); text++) {
                    assertWithin(EPSILON, embeddings[text], answer.data().get(text).embedding());
                }
            }
        }
        OpenAiEmbeddingModel langChain =
                OpenAiEmbeddingModel.builder()
                        .baseUrl(url)
                        .apiKey("none")
                        .modelName("base")
                        .maxRetries(0)
                        .build();
        assertWithin(
                EPSILON, embeddings[0], langChain.embed(texts.get(0)).content().vectorAsList());
    }

    /** The client, which has no close of AutoCloseable. */
    private record OpenAIClientScope(OpenAIClient client) implements AutoCloseable {
        OpenAIClientScope(String url) {
            this(OpenAIOkHttpClient.builder().baseUrl(url).apiKey("none").maxRetries(0).build());
        }

        @Override
        public void close() {
            client.close();
        }
    }

    @Test
    void textsOfSeveralAdapters_areComputedTogether_eachByItsOwn() throws Exception {
        List<String> names = new ArrayList<>(TUNED);
        names.add("base");
        float[][] alone = new float[names.size()][];
        LoraModel lora = fixture.model().lora();
        try (NDManager scope = NDManager.newBaseManager()) {
            for (String name : names) {
                boolean isBase = name.equals("base");
                if (!isBase) {
                    lora.load("alone", folder.resolve("adapters").resolve(name));
                }
                Routing routing = isBase ? Routing.none() : Routing.of("alone");
                TextEmbedder embedder = TextEmbedder.of(fixture.model(), routing);
                alone[names.indexOf(name)] =
                        embedder.embed(List.of(tokens[0]), scope).toFloatArray();
                if (!isBase) {
                    lora.remove("alone");
                }
            }
        }
        assertWithin(EPSILON, embeddings[0], list(alone[3]));
        double difference = 0;
        for (int i = 0; i < alone[0].length; i++) {
            difference = Math.max(difference, Math.abs(alone[0][i] - alone[3][i]));
        }
        assertTrue(difference > 0.01, "an adapter changes " + difference);

        long before = metric("ligature_steps_total");
        ExecutorService clients = Executors.newFixedThreadPool(16);
        List<Future<HttpResponse<String>>> answers = new ArrayList<>();
        try {
            for (int i = 0; i < 32; i++) {
                Map<String, ?> body =
                        Map.of("model", names.get(i % 4), "input", List.of(tokens[0], tokens[0]));
                answers.add(clients.submit(() -> embed(body)));
            }
            for (int i = 0; i < 32; i++) {
                JsonArray data = json(answers.get(i).get().body()).getAsJsonArray("data");
                assertWithin(EPSILON, alone[i % 4], numbers(data.get(0)));
                assertWithin(EPSILON, alone[i % 4], numbers(data.get(1)));
            }
        } finally {
            clients.shutdownNow();
        }
        long batches = metric("ligature_steps_total") - before;
        assertTrue(batches < 64 / 2, batches + " batches for 64 texts");
    }

    private static List<Float> list(float[] numbers) {
        List<Float> list = new ArrayList<>();
        for (float number : numbers) {
            list.add(number);
        }
        return list;
    }

    private static long metric(String name) throws Exception {
        return ServerFixture.metric(http, name);
    }

    @Test
    void aLongRequest_takesMoreTextsThanABatch() throws Exception {
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            many.add(texts.get(i % 3));
        }
        JsonArray data =
                json(embed(Map.of("model", "base", "input", many)).body()).getAsJsonArray("data");
        for (int i = 0; i < 100; i++) {
            assertWithin(EPSILON, embeddings[i % 3], numbers(data.get(i)));
        }
    }

    @Test
    void shorterEmbeddings_areWhatTheModelWasTrainedFor_andHaveLengthOne() throws Exception {
        HttpResponse<String> response =
                embed(Map.of("model", "base", "input", texts.get(0), "dimensions", 128));
        float[] first = Arrays.copyOf(embeddings[0], 128);
        double sum = 0;
        for (float number : first) {
            sum += (double) number * number;
        }
        for (int i = 0; i < first.length; i++) {
            first[i] = (float) (first[i] / Math.sqrt(sum));
        }
        assertWithin(EPSILON, first, numbers(json(response.body()).getAsJsonArray("data").get(0)));
        HttpResponse<String> whole =
                embed(Map.of("model", "base", "input", texts.get(0), "dimensions", 384));
        assertWithin(
                EPSILON, embeddings[0], numbers(json(whole.body()).getAsJsonArray("data").get(0)));
        HttpResponse<String> other =
                embed(Map.of("model", "base", "input", texts.get(0), "dimensions", 100));
        assertEquals(400, other.statusCode());
        assertEquals("dimensions", error(other).get("param").getAsString());
        assertTrue(other.body().contains("[128, 64]"), other.body());
    }

    @Test
    void tooManyWords_areRefusedBeforeTokensAreMadeOfThem_andBlanksAreNone() throws Exception {
        HttpResponse<String> refused =
                embed(Map.of("model", "base", "input", "word ".repeat(2000)));
        assertEquals(400, refused.statusCode());
        String message = error(refused).get("message").getAsString();
        assertTrue(message.startsWith("The text has 10000 characters, and its tokens"), message);
        HttpResponse<String> blank =
                embed(Map.of("model", "base", "input", " ".repeat(100_000) + "word\n"));
        assertEquals(3, promptTokens(blank));
    }

    @Test
    void aTextThatIsTooLong_isRefused_orCutWhereThatIsAskedFor() throws Exception {
        String text = "word ".repeat(600);
        HttpResponse<String> refused = embed(Map.of("model", "base", "input", text));
        assertEquals(400, refused.statusCode());
        assertEquals("context_length_exceeded", error(refused).get("code").getAsString());
        String message = error(refused).get("message").getAsString();
        assertTrue(message.endsWith("Shorten the text, or have it cut by truncate_prompt_tokens."));
        HttpResponse<String> cut =
                embed(Map.of("model", "base", "input", text, "truncate_prompt_tokens", -1));
        assertEquals(512, promptTokens(cut));
        HttpResponse<String> shorter =
                embed(Map.of("model", "base", "input", text, "truncate_prompt_tokens", 9));
        assertEquals(9, promptTokens(shorter));
        HttpResponse<String> same =
                embed(Map.of("model", "base", "input", "word ".repeat(7).strip()));
        assertEquals(
                numbers(json(same.body()).getAsJsonArray("data").get(0)),
                numbers(json(shorter.body()).getAsJsonArray("data").get(0)));
    }

    private static int promptTokens(HttpResponse<String> response) {
        return json(response.body()).getAsJsonObject("usage").get("prompt_tokens").getAsInt();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "invalid_value|model|{\"input\":\"x\"}",
                "model_not_found|model|{\"model\":\"nobody\",\"input\":\"x\"}",
                "invalid_value|input|{\"model\":\"base\"}",
                "invalid_value|input|{\"model\":\"base\",\"input\":[]}",
                "invalid_value|input|{\"model\":\"base\",\"input\":[[]]}",
                "invalid_value|input|{\"model\":\"base\",\"input\":[1.5]}",
                "invalid_value|input|{\"model\":\"base\",\"input\":[30522]}",
                "invalid_value|input|{\"model\":\"base\",\"input\":{}}",
                "invalid_value|input|{\"model\":\"base\",\"input\":[{\"text\":\"a\",\"text_pair\":\"b\"}]}",
                "invalid_value|encoding_format|{\"model\":\"base\",\"input\":\"x\",\"encoding_format\":\"int8\"}",
                "invalid_value|dimensions|{\"model\":\"base\",\"input\":\"x\",\"dimensions\":0}",
                "invalid_value|truncate_prompt_tokens|{\"model\":\"base\",\"input\":\"x\",\"truncate_prompt_tokens\":1}",
                "unknown_field|max_tokens|{\"model\":\"base\",\"input\":\"x\",\"max_tokens\":5}",
            })
    void aBodyThatIsWrong_namesItsField(String code, String param, String body) throws Exception {
        HttpResponse<String> response = http.send(http.post("/v1/embeddings", body).build());
        assertEquals(code.equals("model_not_found") ? 404 : 400, response.statusCode());
        assertEquals(code, error(response).get("code").getAsString());
        assertEquals(param, error(response).get("param").getAsString());
    }

    @Test
    void pathsOfOtherTasks_sayWhichOnesThereAre() throws Exception {
        for (String path : List.of("/v1/completions", "/v1/chat/completions", "/v1/classify")) {
            HttpResponse<String> response = http.send(http.post(path, "{}").build());
            assertEquals(400, response.statusCode(), path);
            assertEquals("task_not_supported", error(response).get("code").getAsString());
            assertTrue(response.body().contains("[/v1/embeddings]"), response.body());
        }
    }

    @Test
    void tokensAndTexts_areThoseOfTheTokenizersOfHuggingFace() throws Exception {
        for (int text = 0; text < texts.size(); text++) {
            String body = new Gson().toJson(Map.of("prompt", texts.get(text)));
            JsonObject answer = json(http.send(http.post("/tokenize", body).build()).body());
            assertEquals(tokens[text].length, answer.get("count").getAsInt());
            assertEquals(512, answer.get("max_model_len").getAsInt());
            assertTrue(answer.get("token_strs").isJsonNull());
            assertEquals(
                    JsonParser.parseString(Arrays.toString(tokens[text])), answer.get("tokens"));
        }
        String alone =
                "{\"prompt\":\"A man\",\"add_special_tokens\":false,\"return_token_strs\":true}";
        JsonObject answer = json(http.send(http.post("/tokenize", alone).build()).body());
        assertEquals(JsonParser.parseString("[1037,2158]"), answer.get("tokens"));
        assertEquals(JsonParser.parseString("[\"a\",\"man\"]"), answer.get("token_strs"));
        String back = "{\"model\":\"one\",\"tokens\":[101,1037,2158,102]}";
        JsonObject text = json(http.send(http.post("/detokenize", back).build()).body());
        assertEquals("[CLS] a man [SEP]", text.get("prompt").getAsString());
        for (String wrong :
                List.of(
                        "{}",
                        "{\"prompt\":5}",
                        "{\"prompt\":\"x\",\"tools\":[]}",
                        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
                        "{\"prompt\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}")) {
            assertEquals(400, http.send(http.post("/tokenize", wrong).build()).statusCode(), wrong);
        }
        for (String wrong : List.of("{}", "{\"tokens\":[-1]}", "{\"tokens\":[99999]}")) {
            assertEquals(
                    400, http.send(http.post("/detokenize", wrong).build()).statusCode(), wrong);
        }
        String nobody = "{\"model\":\"nobody\",\"prompt\":\"x\"}";
        assertEquals(404, http.send(http.post("/tokenize", nobody).build()).statusCode());
    }

    @Test
    void theModelIsListed_withTheTokensThatATextMayHave() throws Exception {
        JsonObject base = json(http.get("/v1/models/base").body());
        assertEquals(512, base.get("max_model_len").getAsInt());
        assertNotEquals("", json(http.get("/version").body()).get("version").getAsString());
    }
}

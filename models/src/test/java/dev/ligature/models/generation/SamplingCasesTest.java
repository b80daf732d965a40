package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.LoraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** The distributions that interop/make_sampling_cases.py wrote with Transformers' processors. */
final class SamplingCasesTest {
    private static final Path CASES = Path.of("src/test/resources/sampling/cases.jsonl");

    @Test
    void distributions_areThoseOfTransformers() throws IOException {
        List<String> lines = Files.readAllLines(CASES);
        JsonObject rows = JsonParser.parseString(lines.get(0)).getAsJsonObject();
        for (String line : lines.subList(1, lines.size())) {
            JsonObject one = JsonParser.parseString(line).getAsJsonObject();
            String row = one.get("row").getAsString();
            JsonArray logits = rows.getAsJsonObject("rows").getAsJsonArray(row);
            double[] expected =
                    numbers(one.getAsJsonArray("probabilities"))
                            .mapToDouble(JsonElement::getAsDouble)
                            .toArray();

            TokenSampler sampler =
                    new TokenSampler(options(one.getAsJsonObject("options")), ids(one, "prompt"));
            for (long id : ids(one, "made")) {
                sampler.took((int) id);
            }

            assertArrayEquals(expected, sampler.probabilities(floats(logits)), 1e-6, line);
        }
        assertEquals(228, lines.size() - 1);
    }

    @Test
    void scores_areTheLogarithmsOfTheSoftmax() throws IOException {
        JsonObject first =
                JsonParser.parseString(Files.readAllLines(CASES).get(0)).getAsJsonObject();
        for (String name : first.getAsJsonObject("rows").keySet()) {
            float[] logits = floats(first.getAsJsonObject("rows").getAsJsonArray(name));
            float[] expected = floats(first.getAsJsonObject("logprobs").getAsJsonArray(name));
            GenerationOptions options =
                    GenerationOptions.greedy(1)
                            .withTemperature(0.7, 3)
                            .withScores(new Scores(true, false, 4));
            TextRow row = new TextRow(new long[] {1}, "", options, id -> {});
            try (NDManager manager = NDManager.newBaseManager()) {
                row.advance(
                        NextTokens.choose(
                                List.of(row),
                                manager.create(logits, new Shape(1, 1, logits.length)))[0]);
            }
            TokenScore score = row.scores().get(0);
            assertEquals(row.tokens()[0], score.id());
            assertEquals(expected[(int) score.id()], score.logprob(), 1e-5);
            float[] sorted = expected.clone();
            Arrays.sort(sorted);
            int rank = sorted.length;
            assertEquals(4, score.likeliest().size());
            for (Map.Entry<Long, Double> likely : score.likeliest().entrySet()) {
                assertEquals(expected[likely.getKey().intValue()], likely.getValue(), 1e-5);
                assertEquals(sorted[--rank], likely.getValue(), 1e-5, name);
            }
        }
    }

    private static GenerationOptions options(JsonObject given) {
        Map<Integer, Double> bias = new HashMap<>();
        if (given.has("logit_bias")) {
            given.getAsJsonObject("logit_bias")
                    .asMap()
                    .forEach((id, value) -> bias.put(Integer.valueOf(id), value.getAsDouble()));
        }
        Set<Integer> stops =
                given.has("stops")
                        ? numbers(given.getAsJsonArray("stops"))
                                .map(JsonElement::getAsInt)
                                .collect(Collectors.toSet())
                        : Set.of();
        return GenerationOptions.greedy(100)
                .withStopIds(stops)
                .withMinNewTokens((int) number(given, "min_tokens", 0))
                .withSampling(
                        Sampling.builder()
                                .optTemperature(number(given, "temperature", 1))
                                .optTopP(number(given, "top_p", 1))
                                .optTopK((int) number(given, "top_k", 0))
                                .optMinP(number(given, "min_p", 0))
                                .optPresencePenalty(number(given, "presence_penalty", 0))
                                .optFrequencyPenalty(number(given, "frequency_penalty", 0))
                                .optRepetitionPenalty(number(given, "repetition_penalty", 1))
                                .optLogitBias(bias)
                                .build());
    }

    private static double number(JsonObject given, String name, double absent) {
        return given.has(name) ? given.get(name).getAsDouble() : absent;
    }

    private static long[] ids(JsonObject one, String name) {
        return numbers(one.getAsJsonArray(name)).mapToLong(JsonElement::getAsLong).toArray();
    }

    private static Stream<JsonElement> numbers(JsonArray array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    private static float[] floats(JsonArray array) {
        float[] floats = new float[array.size()];
        for (int i = 0; i < floats.length; i++) {
            JsonElement value = array.get(i);
            floats[i] = value.isJsonNull() ? Float.NEGATIVE_INFINITY : value.getAsFloat();
        }
        return floats;
    }

    @Test
    void valuesOutOfRange_areErrorsThatNameThem() {
        Map<String, Sampling.Builder> wrong =
                Map.of(
                        "topP is 0.0; it must be greater than 0 and at most 1.",
                        Sampling.builder().optTopP(0),
                        "topK is -1; it must be 0 (all tokens) or positive.",
                        Sampling.builder().optTopK(-1),
                        "minP is NaN; it must be from 0 to 1.",
                        Sampling.builder().optMinP(Double.NaN),
                        "presencePenalty is Infinity; it must be a finite number.",
                        Sampling.builder().optPresencePenalty(Double.POSITIVE_INFINITY),
                        "frequencyPenalty is NaN; it must be a finite number.",
                        Sampling.builder().optFrequencyPenalty(Double.NaN),
                        "repetitionPenalty is 0.0; it must be positive.",
                        Sampling.builder().optRepetitionPenalty(0),
                        "logitBias is 5=NaN; it must be a finite number for a token id.",
                        Sampling.builder().optLogitBias(Map.of(5, Double.NaN)));
        wrong.forEach(
                (message, builder) ->
                        assertEquals(
                                "[GenerationOptions] " + message,
                                assertThrows(LoraException.class, builder::build).getMessage()));
    }
}

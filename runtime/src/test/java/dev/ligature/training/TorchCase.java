package dev.ligature.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A case of {@code interop/make_training_numbers.py}. */
record TorchCase(JsonObject json) {
    static final double TOLERANCE = 1e-5;

    static TorchCase read(String name) {
        String resource = "/training/" + name + ".json";
        try (InputStream in = TorchCase.class.getResourceAsStream(resource)) {
            return new TorchCase(
                    JsonParser.parseReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                            .getAsJsonObject());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asserts |actual − expected| ≤ 1e-5 · (1 + |expected|). */
    static void assertNear(double expected, double actual, String what) {
        assertEquals(expected, actual, TOLERANCE * (1 + Math.abs(expected)), what);
    }

    static void assertNear(float[] expected, NDArray actual, String what) {
        float[] values = actual.toFloatArray();
        assertEquals(expected.length, values.length, what);
        for (int i = 0; i < values.length; i++) {
            assertNear(expected[i], values[i], what + "[" + i + "]");
        }
    }

    EmbeddingAndHead model(NDManager manager) {
        Shape shape = new Shape(json.get("vocabulary").getAsInt(), json.get("width").getAsInt());
        JsonObject initial = json.getAsJsonObject("initial");
        return new EmbeddingAndHead(
                manager.create(floats(initial.get("embedding")), shape),
                manager.create(floats(initial.get("head")), shape));
    }

    TrainingConfig config() {
        JsonObject settings = json.getAsJsonObject("settings");
        boolean adamw = settings.get("optimizer").getAsString().equals("adamw");
        TrainingConfig.Builder builder =
                TrainingConfig.builder()
                        .optOptimizer(adamw ? OptimizerKind.ADAMW : OptimizerKind.SGD)
                        .optWeightDecay(settings.get("weight_decay").getAsDouble());
        if (adamw) {
            double[] betas = doubles(settings.get("betas"));
            builder.optBetas(betas[0], betas[1]).optEps(settings.get("eps").getAsDouble());
        } else {
            builder.optMomentum(settings.get("momentum").getAsDouble());
        }
        if (has("schedule")) {
            double[] rates = doubles(json.get("schedule"));
            builder.optSchedule(step -> (float) rates[step - 1]);
        } else {
            builder.optLearningRate(settings.get("lr").getAsDouble());
        }
        if (has("max_grad_norm")) {
            builder.optMaxGradNorm(json.get("max_grad_norm").getAsDouble());
        }
        return builder.build();
    }

    /** Returns the micro batches of each step. */
    List<List<TokenBatch>> steps(NDManager manager) {
        List<List<TokenBatch>> steps = new ArrayList<>();
        JsonArray ids = json.getAsJsonArray("steps");
        for (int step = 0; step < ids.size(); step++) {
            List<TokenBatch> micro = new ArrayList<>();
            for (int i = 0; i < ids.get(step).getAsJsonArray().size(); i++) {
                NDArray tokens = longs(ids, step, i, manager);
                micro.add(
                        has("labels")
                                ? new TokenBatch(
                                        tokens,
                                        longs(json.getAsJsonArray("labels"), step, i, manager))
                                : TokenBatch.of(tokens));
            }
            steps.add(micro);
        }
        return steps;
    }

    boolean has(String name) {
        return json.has(name) && !json.get(name).isJsonNull();
    }

    double[] numbers(String name) {
        return doubles(json.get(name));
    }

    float[] finalWeight(String name) {
        return floats(json.getAsJsonObject("final").get(name));
    }

    static float[] floats(JsonElement array) {
        double[] wide = doubles(array);
        float[] values = new float[wide.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) wide[i];
        }
        return values;
    }

    private static double[] doubles(JsonElement array) {
        return array.getAsJsonArray().asList().stream()
                .mapToDouble(JsonElement::getAsDouble)
                .toArray();
    }

    private static NDArray longs(JsonArray steps, int step, int i, NDManager manager) {
        JsonArray rows = steps.get(step).getAsJsonArray().get(i).getAsJsonArray(); // (B, T)
        long[] values =
                rows.asList().stream()
                        .flatMap(row -> row.getAsJsonArray().asList().stream())
                        .mapToLong(JsonElement::getAsLong)
                        .toArray();
        return manager.create(values, new Shape(rows.size(), values.length / rows.size()));
    }
}

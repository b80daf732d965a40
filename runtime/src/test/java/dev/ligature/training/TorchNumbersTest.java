package dev.ligature.training;

import static dev.ligature.training.TorchCase.assertNear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings and single updates give torch's numbers. */
final class TorchNumbersTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "adamw-decay",
                "adamw-betas-clip",
                "adamw-late-parameter",
                "sgd-clip",
                "sgd-momentum",
                "accumulation-uneven",
                "ignored-labels"
            })
    void aTraining_givesTorchsLossesNormsAndWeights(String name) {
        TorchCase torch = TorchCase.read(name);
        try (NDManager manager = NDManager.newBaseManager()) {
            EmbeddingAndHead model = torch.model(manager);
            int frozenUntil =
                    torch.has("frozen_until") ? torch.json().get("frozen_until").getAsInt() : 0;
            try (TrainingLoop loop = TrainingLoop.over(model, manager, torch.config())) {
                List<List<TokenBatch>> steps = torch.steps(manager);
                for (int i = 0; i < steps.size(); i++) {
                    model.head.freeze(i < frozenUntil);
                    StepMetrics metrics = loop.step(steps.get(i));
                    assertNear(torch.numbers("losses")[i], metrics.loss(), "loss of step " + i);
                    assertNear(
                            torch.numbers("grad_norms")[i],
                            metrics.gradNorm(),
                            "gradient norm of step " + i);
                }
            }
            assertNear(torch.finalWeight("embedding"), model.embedding.getArray(), "embedding");
            assertNear(torch.finalWeight("head"), model.head.getArray(), "head");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"adamw-tiny-gradients", "adamw-below-eps"})
    void updatesByGradientsNearEpsilon_areTorchs(String name) {
        TorchCase torch = TorchCase.read(name);
        JsonObject settings = torch.json().getAsJsonObject("settings");
        try (NDManager manager = NDManager.newBaseManager()) {
            AdamW optimizer =
                    AdamW.builder()
                            .setManager(manager)
                            .optLearningRateTracker((id, n) -> settings.get("lr").getAsFloat())
                            .optWeightDecays(settings.get("weight_decay").getAsFloat())
                            .build();
            NDArray weight = vector(torch.json().getAsJsonArray("initial"), manager); // (6)
            weight.setRequiresGradient(true);
            JsonArray gradients = torch.json().getAsJsonArray("gradients");
            JsonArray path = torch.json().getAsJsonArray("path");
            float[] before = weight.toFloatArray();
            for (int i = 0; i < path.size(); i++) {
                optimizer.update("w", weight, vector(gradients.get(i).getAsJsonArray(), manager));
                assertNear(TorchCase.floats(path.get(i)), weight, "weight after step " + i);
                before = assertSameMove(before, weight, torch, i);
            }
        }
    }

    /** The move itself, which is far smaller than the weight: within a thousandth of lr. */
    private static float[] assertSameMove(
            float[] before, NDArray weight, TorchCase torch, int step) {
        JsonArray path = torch.json().getAsJsonArray("path");
        float[] expectedBefore =
                TorchCase.floats(step == 0 ? torch.json().get("initial") : path.get(step - 1));
        float[] expected = TorchCase.floats(path.get(step));
        float[] actual = weight.toFloatArray();
        for (int i = 0; i < actual.length; i++) {
            org.junit.jupiter.api.Assertions.assertEquals(
                    expected[i] - expectedBefore[i], actual[i] - before[i], 1e-5 * 0.5, "move");
        }
        return actual;
    }

    private static NDArray vector(JsonArray values, NDManager manager) {
        float[] floats = TorchCase.floats(values);
        return manager.create(floats, new Shape(floats.length));
    }
}

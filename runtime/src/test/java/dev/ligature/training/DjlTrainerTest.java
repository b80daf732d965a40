package dev.ligature.training;

import static dev.ligature.training.TorchCase.assertNear;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import com.google.gson.JsonObject;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parts work in a loop that a user of DJL writes: loss, clipping and optimizers. */
final class DjlTrainerTest {
    @ParameterizedTest
    @ValueSource(strings = {"adamw-decay", "adamw-betas-clip", "sgd-clip", "sgd-momentum"})
    void djlsTrainer_givesTorchsNumbers(String name) {
        TorchCase torch = TorchCase.read(name);
        try (NDManager manager = NDManager.newBaseManager();
                Model model = manager.getEngine().newModel("plain", manager.getDevice())) {
            EmbeddingAndHead block = torch.model(manager);
            model.setBlock(block);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(new NextTokenLoss())
                            .optOptimizer(optimizer(torch, manager))
                            .optDevices(new Device[] {manager.getDevice()});
            double maxNorm = torch.config().maxGradNorm();
            try (Trainer trainer = model.newTrainer(config)) {
                for (int i = 0; i < torch.numbers("losses").length; i++) {
                    NDList ids = new NDList(torch.steps(manager).get(i).get(0).ids()); // (B, T)
                    double loss;
                    try (GradientCollector collector = trainer.newGradientCollector()) {
                        NDArray value = trainer.getLoss().evaluate(ids, trainer.forward(ids));
                        collector.backward(value);
                        loss = value.getFloat();
                    }
                    assertNear(torch.numbers("losses")[i], loss, "loss");
                    double norm = GradientClipping.clip(block, maxNorm, manager);
                    assertNear(torch.numbers("grad_norms")[i], norm, "norm");
                    trainer.step();
                }
            }
            assertNear(torch.finalWeight("embedding"), block.embedding.getArray(), "embedding");
            assertNear(torch.finalWeight("head"), block.head.getArray(), "head");
        }
    }

    private static Optimizer optimizer(TorchCase torch, NDManager manager) {
        TrainingConfig config = torch.config();
        float decay = (float) config.weightDecay();
        JsonObject settings = torch.json().getAsJsonObject("settings");
        if (settings.get("optimizer").getAsString().equals("sgd")) {
            return Sgd.builder()
                    .setManager(manager)
                    .optLearningRateTracker(config.schedule())
                    .optMomentum(config.momentum())
                    .optWeightDecays(decay)
                    .build();
        }
        return AdamW.builder()
                .setManager(manager)
                .optLearningRateTracker(config.schedule())
                .optBetas(config.beta1(), config.beta2())
                .optEpsilon(config.epsilon())
                .optWeightDecays(decay)
                .build();
    }
}

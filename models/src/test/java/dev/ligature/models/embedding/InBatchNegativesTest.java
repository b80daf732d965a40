package dev.ligature.models.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.Oracle;
import dev.ligature.models.PretrainedModel;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The loss, its gradients and a training with it are those of torch and PEFT. */
final class InBatchNegativesTest {
    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final Path CASE = RESOURCES.resolve("encoders/bert-model-linear");
    private static final double TEMPERATURE = 0.05;

    @ParameterizedTest
    @EnumSource(names = {"MEAN", "CLS"})
    void lossAndGradients_areThoseOfTorch(Pooling pooling) throws IOException {
        String prefix = pooling == Pooling.MEAN ? "mean" : "cls";
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray hidden = expected("hidden", manager); // (2B, T, d)
            hidden.setRequiresGradient(true);
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray loss =
                        new InBatchNegatives(new EmbeddingRecipe(pooling, false, 9), TEMPERATURE)
                                .evaluate(
                                        new NDList(expected("mask", manager)), new NDList(hidden));
                Oracle.assertWithin(1e-5, expected(prefix + ".loss", manager), loss, "loss");
                System.gc(); // what Java frees too early shows in the gradients
                collector.backward(loss);
            }
            Oracle.assertWithin(
                    1e-5,
                    expected(prefix + ".gradient", manager),
                    hidden.getGradient(),
                    "gradient");
        }
    }

    @Test
    void otherTexts_areAnswersThatNoQuestionHas() throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray hidden =
                    expected("hidden", manager); // (3 questions, 3 answers, 2 others; T, d)
            NDArray mask = expected("mask", manager);
            hidden.setRequiresGradient(true);
            TrainingBatch batch =
                    new InBatchNegatives(new EmbeddingRecipe(Pooling.MEAN, false, 9), TEMPERATURE)
                            .batch(new NDList(hidden, mask), 3);
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray loss = batch.loss().evaluate(batch.labels(), new NDList(hidden));
                Oracle.assertWithin(1e-5, expected("negatives.loss", manager), loss, "loss");
                System.gc();
                collector.backward(loss);
            }
            Oracle.assertWithin(
                    1e-5,
                    expected("negatives.gradient", manager),
                    hidden.getGradient(),
                    "gradient");
        }
    }

    @Test
    void aPairThatIsThereTwice_isNoWrongAnswer() throws IOException {
        try (PretrainedModel model = PretrainedModel.load(CASE.resolve("base"));
                NDManager manager = NDManager.newBaseManager()) {
            long[][] one = {{3, 4}, {5, 6, 7}};
            long[][] other = {{8, 9, 3}, {10, 11}};
            long[][] sameQuestion = {{3, 4}, {12}};
            // Of three pairs, the second has the first answer as a wrong one twice.
            double apart = loss(model, manager, one, other);
            double twice = loss(model, manager, one, other, one);
            assertTrue(Math.abs(apart - twice) > 0.01 && twice > 0.01, apart + " " + twice);
            double alone = 0;
            double[] scores = scores(model, manager, one, other);
            for (int i = 0; i < 2; i++) {
                for (int transposed = 0; transposed < 2; transposed++) {
                    double off = scores[transposed == 0 ? i * 2 + 1 - i : (1 - i) * 2 + i];
                    int wrong = i == 1 ? 2 : 1; // which the second sees twice
                    double each = Math.log(1 + wrong * Math.exp(off - scores[i * 2 + i]));
                    alone += (i == 0 ? 2 : 1) * each / 6;
                }
            }
            assertEquals(alone, twice, 1e-5);
            assertEquals(0, loss(model, manager, one, one), 1e-6);
            assertEquals(0, loss(model, manager, one, sameQuestion), 1e-6);
        }
    }

    /** Returns similarities divided by the temperature, of each question and each answer. */
    private static double[] scores(PretrainedModel model, NDManager manager, long[][]... pairs)
            throws IOException {
        TrainingBatch batch = batch(model, manager, pairs);
        NDList outputs =
                model.block().forward(new ParameterStore(manager, false), batch.inputs(), false);
        NDArray vectors = loss(model).vectors(batch.labels().head(), outputs.head());
        float[] all = vectors.toFloatArray();
        int width = (int) vectors.getShape().get(1);
        double[] scores = new double[pairs.length * pairs.length];
        for (int i = 0; i < scores.length; i++) {
            int question = i / pairs.length;
            int answer = pairs.length + i % pairs.length;
            for (int d = 0; d < width; d++) {
                scores[i] +=
                        (double) all[question * width + d] * all[answer * width + d] / TEMPERATURE;
            }
        }
        return scores;
    }

    private static double loss(PretrainedModel model, NDManager manager, long[][]... pairs)
            throws IOException {
        TrainingBatch batch = batch(model, manager, pairs);
        NDList outputs =
                model.block().forward(new ParameterStore(manager, false), batch.inputs(), false);
        return batch.loss().evaluate(batch.labels(), outputs).getFloat();
    }

    private static TrainingBatch batch(PretrainedModel model, NDManager manager, long[][]... pairs)
            throws IOException {
        return loss(model)
                .batch(
                        Stream.of(pairs).map(pair -> pair[0]).toList(),
                        Stream.of(pairs).map(pair -> pair[1]).toList(),
                        manager);
    }

    @Test
    void aTraining_takesTheStepsOfPeft() throws IOException {
        TrainingConfig sgd =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.SGD)
                        .optLearningRate(0.05)
                        .build();
        try (PretrainedModel model = PretrainedModel.load(CASE.resolve("base"));
                NDManager manager = NDManager.newBaseManager()) {
            model.lora().load("found", CASE.resolve("adapter")).setTrainable(true);
            List<long[]> texts = texts(manager);
            int pairs = texts.size() / 2;
            TrainingBatch batch =
                    loss(model)
                            .batch(
                                    texts.subList(0, pairs),
                                    texts.subList(pairs, texts.size()),
                                    manager);
            assertEquals(pairs, batch.count());
            float[] losses = expected("losses", manager).toFloatArray();
            float[] found = new float[losses.length];
            try (TrainingLoop loop =
                    TrainingLoop.over(
                            model.lora().routed(Routing.of("found")), model.manager(), sgd)) {
                for (int step = 0; step < losses.length; step++) {
                    found[step] = (float) loop.step(batch).loss();
                }
            }
            assertArrayEquals(losses, found, 2e-5f, Arrays.toString(found));
        }
    }

    @Test
    void whatCannotBeTrainedOn_isRefused() throws IOException {
        try (PretrainedModel model = PretrainedModel.load(CASE.resolve("base"));
                NDManager manager = NDManager.newBaseManager()) {
            InBatchNegatives loss = loss(model);
            List<long[]> one = List.of(new long[] {3, 4});
            assertRefused("EmbeddingPairs", () -> loss.batch(one, List.of(), manager));
            assertRefused("EmbeddingPairs", () -> loss.batch(List.of(), List.of(), manager));
            EmbeddingRecipe recipe = new EmbeddingRecipe(Pooling.MEAN, true, 9);
            for (double temperature : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
                assertRefused(
                        "EmbeddingTemperature", () -> new InBatchNegatives(recipe, temperature));
            }
        }
    }

    private static InBatchNegatives loss(PretrainedModel model) throws IOException {
        return new InBatchNegatives(EmbeddingRecipe.read(model.directory()), TEMPERATURE);
    }

    private static void assertRefused(String code, Runnable action) {
        assertEquals(code, assertThrows(LoraException.class, action::run).code());
    }

    private static List<long[]> texts(NDManager manager) throws IOException {
        NDArray ids = expected("input_ids", manager); // (2B, T)
        float[] lengths = expected("ids_mask", manager).sum(new int[] {1}).toFloatArray();
        List<long[]> texts = new ArrayList<>();
        for (int row = 0; row < lengths.length; row++) {
            texts.add(Arrays.copyOf(ids.get(row).toLongArray(), (int) lengths[row]));
        }
        return texts;
    }

    private static NDArray expected(String tensor, NDManager manager) throws IOException {
        try (SafetensorsReader file =
                SafetensorsReader.open(
                        RESOURCES.resolve("embedding/in-batch-negatives.safetensors"))) {
            return file.read(tensor, manager);
        }
    }
}

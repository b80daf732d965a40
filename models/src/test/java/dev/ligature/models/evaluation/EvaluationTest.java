package dev.ligature.models.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Blocks;
import dev.ligature.LoraException;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The block gives what it is given, so a batch of logits shows what was counted. */
final class EvaluationTest {
    /** Batches of the labels 0 and 1, of which some are ignored. */
    private record Labels(List<long[]> labels) implements EvaluationData {
        @Override
        public int batches() {
            return labels.size();
        }

        @Override
        public TrainingBatch batch(int index, NDManager manager) {
            NDArray logits = manager.create(new float[] {2, 0, 2, 0}, new Shape(2, 2));
            return TrainingBatch.classes(new NDList(logits), manager.create(labels.get(index)));
        }

        @Override
        public Measure measure() {
            return new LabelMeasure();
        }
    }

    private static Map<String, Double> numbers(long[]... labels) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            return Evaluation.of(Blocks.identityBlock(), new Labels(List.of(labels)), manager)
                    .numbers();
        }
    }

    @Test
    void everyItemCountsOnce_inWhateverBatch() throws IOException {
        double right = Math.log(1 + Math.exp(-2));
        double wrong = right + 2;
        Map<String, Double> numbers =
                numbers(new long[] {0, 1}, new long[] {-100, 0}, new long[] {-100, -100});
        assertEquals((2 * right + wrong) / 3, numbers.get("loss"), 1e-6);
        assertEquals(2.0 / 3, numbers.get("accuracy"), 1e-12);
        assertEquals(0.4, numbers.get("macro_f1"), 1e-12); // 0.8 of label 0, 0 of label 1
    }

    @Test
    void dataThatNothingOfCounts_isRefused() {
        LoraException error =
                assertThrows(LoraException.class, () -> numbers(new long[] {-100, -100}));
        assertEquals("EvaluationEmpty", error.code());
    }

    @Test
    void dataThatNothingOfCounts_isFoundBeforeItIsMeasured() throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            long[] none = {-100, -100};
            new Labels(List.of(none, new long[] {-100, 1})).requireItems(manager);
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () -> new Labels(List.of(none, none)).requireItems(manager));
            assertEquals("EvaluationEmpty", error.code());
        }
    }

    @Test
    void theSameTextInTwoBatches_isAsNear() {
        PairMeasure measure = new PairMeasure((labels, hidden) -> hidden);
        try (NDManager manager = NDManager.newBaseManager()) {
            for (float rounding : new float[] {0, 2e-7f}) {
                float[] pair = {1, 0, 0.8f + rounding, 0.6f}; // a question, and its answer
                measure.add(
                        new NDList(manager.ones(new Shape(1))),
                        new NDList(manager.create(pair, new Shape(2, 2))),
                        1);
            }
            assertEquals(1.0, measure.numbers(0).get("mrr"));
        }
    }
}

package dev.ligature.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.schedule.LearningRateSchedule;
import org.junit.jupiter.api.Test;

/** Defaults are torch's; what cannot be meant is refused; schedules are what their formulas say. */
final class TrainingConfigTest {
    @Test
    void defaults_areTorchs() {
        TrainingConfig adamw = TrainingConfig.builder().build();
        assertEquals(OptimizerKind.ADAMW, adamw.optimizer());
        assertEquals(0.001f, adamw.schedule().getNewValue(1));
        assertEquals(0.01, adamw.weightDecay());
        assertEquals(0.9, adamw.beta1());
        assertEquals(0.999, adamw.beta2());
        assertEquals(1e-8, adamw.epsilon());
        assertEquals(Double.POSITIVE_INFINITY, adamw.maxGradNorm());
        assertEquals(1, adamw.accumulationSteps());
        TrainingConfig sgd = TrainingConfig.builder().optOptimizer(OptimizerKind.SGD).build();
        assertEquals(0, sgd.weightDecay());
        assertEquals(0, sgd.momentum());
    }

    @Test
    void valuesOutOfRange_areRefusedByName() {
        assertRefused("maxGradNorm is 0.0", TrainingConfig.builder().optMaxGradNorm(0));
        assertRefused("weightDecay is -1.0", TrainingConfig.builder().optWeightDecay(-1));
        assertRefused("weightDecay is NaN", TrainingConfig.builder().optWeightDecay(Double.NaN));
        assertRefused("beta1 is 1.0", TrainingConfig.builder().optBetas(1, 0.9));
        assertRefused("beta2 is -0.1", TrainingConfig.builder().optBetas(0.9, -0.1));
        assertRefused("epsilon is -1.0", TrainingConfig.builder().optEps(-1));
        assertRefused("accumulationSteps is 0", TrainingConfig.builder().optAccumulationSteps(0));
        assertRefused("learningRate is -1.0", TrainingConfig.builder().optLearningRate(-1));
        assertRefused(
                "momentum is 0.9; it must be 0 with AdamW",
                TrainingConfig.builder().optMomentum(0.9));
        assertRefused(
                "betas",
                TrainingConfig.builder().optOptimizer(OptimizerKind.SGD).optBetas(0.9, 0.9));
        assertRefused(
                "Both a learning rate and a schedule",
                TrainingConfig.builder()
                        .optLearningRate(0.1)
                        .optSchedule(LearningRateSchedule.constant(0.1, 0)));
    }

    @Test
    void ourOptimizers_refuseToClipSingleElements() {
        assertThrows(UnsupportedOperationException.class, () -> AdamW.builder().optClipGrad(1));
        assertThrows(UnsupportedOperationException.class, () -> Sgd.builder().optClipGrad(1));
    }

    @Test
    void aConstantSchedule_risesAndStays() {
        LearningRateSchedule schedule = LearningRateSchedule.constant(0.8, 4);
        assertEquals(0.2f, schedule.getNewValue(1));
        assertEquals(0.4f, schedule.getNewValue(2));
        assertEquals(0.8f, schedule.getNewValue(4));
        assertEquals(0.8f, schedule.getNewValue(1_000_000));
        assertEquals(0.8f, LearningRateSchedule.constant(0.8, 0).getNewValue(1));
    }

    @Test
    void aCosineSchedule_isHalfWayInTheMiddle_andEndsAtTheFloor() {
        LearningRateSchedule schedule = LearningRateSchedule.cosine(1.0, 10, 30, 0.2);
        assertEquals(0.1f, schedule.getNewValue(1));
        assertEquals(1.0f, schedule.getNewValue(10));
        assertEquals(0.6f, schedule.getNewValue(20), 1e-6f);
        assertEquals(0.2 + 0.8 * (1 + Math.sqrt(0.5)) / 2, schedule.getNewValue(15), 1e-6);
        assertEquals(0.2f, schedule.getNewValue(30), 1e-6f);
        assertEquals(0.2f, schedule.getNewValue(31), 1e-6f);
        assertThrows(LoraException.class, () -> LearningRateSchedule.cosine(1.0, 10, 10, 0));
    }

    private static void assertRefused(String text, TrainingConfig.Builder builder) {
        LoraException error = assertThrows(LoraException.class, builder::build);
        assertEquals("TrainConfig", error.code());
        assertTrue(error.getMessage().contains(text), error.getMessage());
    }
}

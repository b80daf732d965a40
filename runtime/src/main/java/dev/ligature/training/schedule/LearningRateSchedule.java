package dev.ligature.training.schedule;

import ai.djl.training.tracker.Tracker;

/**
 * A learning rate that rises linearly, then stays or falls along half a cosine.
 *
 * <p>Steps count from 1. In warm-up, step n of w has rate · n / w, so no step is without effect.
 * Then either the rate stays, or it is floor + (rate − floor) · (1 + cos(π p)) / 2, where p is the
 * part done of the steps after warm-up; from the last step on it is the floor. {@link ScheduleKind}
 * has the schedules of Transformers, whose first step of warm-up has the rate 0.
 */
public final class LearningRateSchedule implements Tracker {
    private final double rate;
    private final int warmupSteps;
    private final int totalSteps;
    private final double floor;

    private LearningRateSchedule(double rate, int warmupSteps, int totalSteps, double floor) {
        this.rate = rate;
        this.warmupSteps = warmupSteps;
        this.totalSteps = totalSteps;
        this.floor = floor;
    }

    /**
     * Returns a schedule that rises and stays.
     *
     * @param rate the rate after warm-up
     * @param warmupSteps the steps of warm-up; 0 is none
     */
    public static LearningRateSchedule constant(double rate, int warmupSteps) {
        return new LearningRateSchedule(rate, warmupSteps, Integer.MAX_VALUE, rate);
    }

    /**
     * Returns a schedule that rises and falls.
     *
     * @param rate the rate at the end of warm-up
     * @param warmupSteps the steps of warm-up; 0 is none
     * @param totalSteps the step at which the floor is reached, after warm-up
     * @param floor the rate at the end
     */
    public static LearningRateSchedule cosine(
            double rate, int warmupSteps, int totalSteps, double floor) {
        if (totalSteps <= warmupSteps) {
            throw ScheduleMessage.SCHEDULE.error(totalSteps, warmupSteps);
        }
        return new LearningRateSchedule(rate, warmupSteps, totalSteps, floor);
    }

    @Override
    public float getNewValue(int step) {
        if (step <= warmupSteps) {
            return (float) (rate * Math.max(step, 0) / warmupSteps);
        }
        double done = Math.min(1, (double) (step - warmupSteps) / (totalSteps - warmupSteps));
        return (float) (floor + (rate - floor) * (1 + Math.cos(Math.PI * done)) / 2);
    }
}

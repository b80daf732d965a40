package dev.ligature.training.schedule;

import ai.djl.training.tracker.Tracker;
import java.util.Locale;

/**
 * How the learning rate changes from step to step, with the formulas of Transformers' {@code
 * get_constant_schedule_with_warmup}, {@code get_linear_schedule_with_warmup} and {@code
 * get_cosine_schedule_with_warmup}.
 *
 * <p>With t = step − 1, a warm-up of w steps and n steps in all, the rate is multiplied by t / w
 * while t &lt; w, so that the first step of a warm-up changes nothing.
 */
public enum ScheduleKind {
    /** Stays. */
    CONSTANT {
        @Override
        double afterWarmup(double done, double left) {
            return 1;
        }
    },

    /** Falls to 0 in a straight line: (n − t) / (n − w). */
    LINEAR {
        @Override
        double afterWarmup(double done, double left) {
            return Math.max(0, left);
        }
    },

    /** Falls to 0 along half a cosine: (1 + cos(π (t − w) / (n − w))) / 2. */
    COSINE {
        @Override
        double afterWarmup(double done, double left) {
            return Math.max(0, (1 + Math.cos(Math.PI * done)) / 2);
        }
    };

    /**
     * Returns what the rate is multiplied by after warm-up.
     *
     * @param done the part of the steps after warm-up that is done
     * @param left the part that is left; of a warm-up as long as all steps both are 0 at its end
     */
    abstract double afterWarmup(double done, double left);

    /**
     * Returns a schedule.
     *
     * @param rate the rate at the end of warm-up
     * @param warmupSteps the steps of warm-up; 0 is none
     * @param totalSteps all steps, with those of warm-up
     */
    public Tracker of(double rate, int warmupSteps, int totalSteps) {
        if (warmupSteps < 0 || totalSteps < 1) {
            throw ScheduleMessage.RANGE.error(
                    "a schedule's warm-up and number of steps",
                    warmupSteps + " and " + totalSteps,
                    "at least 0 and 1");
        }
        return step -> {
            double before = step - 1.0;
            double length = Math.max(1, totalSteps - warmupSteps);
            double factor =
                    before < warmupSteps
                            ? before / warmupSteps
                            : afterWarmup(
                                    (before - warmupSteps) / length,
                                    (totalSteps - before) / length);
            return (float) (rate * factor);
        };
    }

    /** Returns the word for it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

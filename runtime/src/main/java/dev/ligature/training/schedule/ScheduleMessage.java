package dev.ligature.training.schedule;

import dev.ligature.internal.diag.Message;

/** What learning rates report. */
enum ScheduleMessage implements Message {
    SCHEDULE(
            "TrainSchedule",
            "A cosine schedule of %1$s steps has no steps left after a warm-up of %2$s. Make the"
                    + " warm-up shorter than the whole."),
    RANGE("TrainConfig", "%1$s is %2$s; it must be %3$s.");

    private final String code;
    private final String pattern;

    ScheduleMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}

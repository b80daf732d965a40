package dev.ligature.models.run;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.internal.ModelMessage;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What decides the numbers of a training, by the names of the options that say it.
 *
 * @param values each option's value, as text; a file's is its {@link FileDigest}
 */
public record RunSettings(Map<String, String> values) {
    private static final String ABSENT = "not given";

    /** Copies the map, in its order. */
    public RunSettings {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /**
     * Refuses to go on with other settings.
     *
     * @param begun the settings of the training that a checkpoint is of
     * @param checkpoint the checkpoint, for the message
     * @throws CheckpointException if one is another; the message names it and both values
     */
    public void requireSame(RunSettings begun, Path checkpoint) throws CheckpointException {
        Map<String, String> all = new LinkedHashMap<>(begun.values);
        values.forEach(all::putIfAbsent);
        for (String option : all.keySet()) {
            String here = values.getOrDefault(option, ABSENT);
            String there = begun.values.getOrDefault(option, ABSENT);
            if (!here.equals(there)) {
                throw ModelMessage.RUN_SETTING.fileError(option, here, there, checkpoint);
            }
        }
    }
}

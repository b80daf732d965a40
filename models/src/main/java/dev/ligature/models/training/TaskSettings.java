package dev.ligature.models.training;

/**
 * How the data of a task is read.
 *
 * @param sequenceLength the most tokens of a text, or of a row of packed ones
 * @param trainOnPrompt whether the tokens of a prompt count too; for completions only
 * @param packing whether several texts share a row; for completions only
 * @param temperature what similarities are divided by; for embeddings only
 * @param preference how preferences are learnt; for these only
 */
public record TaskSettings(
        int sequenceLength,
        boolean trainOnPrompt,
        boolean packing,
        double temperature,
        PreferenceSettings preference) {
    /** Creates settings with a text in each row. */
    public TaskSettings(int sequenceLength, boolean trainOnPrompt, double temperature) {
        this(sequenceLength, trainOnPrompt, false, temperature, PreferenceSettings.DEFAULT);
    }
}

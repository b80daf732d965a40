package dev.ligature.models.training;

/**
 * How the data of a task is read.
 *
 * @param sequenceLength the most tokens of a text
 * @param trainOnPrompt whether the tokens of a prompt count too; for completions only
 * @param temperature what similarities are divided by; for embeddings only
 */
public record TaskSettings(int sequenceLength, boolean trainOnPrompt, double temperature) {}

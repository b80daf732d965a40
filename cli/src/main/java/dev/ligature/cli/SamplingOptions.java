package dev.ligature.cli;

import dev.ligature.models.generation.GenerationOptions;
import picocli.CommandLine.Option;

/** The options that say how a token is chosen. */
final class SamplingOptions {
    @Option(
            names = "--temperature",
            defaultValue = "0",
            paramLabel = "X",
            description = "0 takes the likeliest token, 1 draws as the model says. Default: 0.")
    private double temperature;

    @Option(
            names = "--seed",
            defaultValue = "0",
            paramLabel = "N",
            description = "Of the draws. Default: 0.")
    private long seed;

    void check() {
        OptionChecks.notNegative("--temperature", temperature);
    }

    /** Returns options with what was given on the command line. */
    GenerationOptions on(GenerationOptions options) {
        return options.withTemperature(temperature, seed);
    }
}

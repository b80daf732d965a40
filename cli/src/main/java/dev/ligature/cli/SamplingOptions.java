package dev.ligature.cli;

import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.Sampling;
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
            names = "--top-p",
            defaultValue = "1",
            paramLabel = "X",
            description =
                    "Draw of the likeliest tokens whose probabilities sum to this. Default: 1, of all.")
    private double topP;

    @Option(
            names = "--top-k",
            defaultValue = "0",
            paramLabel = "N",
            description = "Draw of so many of the likeliest tokens. Default: 0, of all.")
    private int topK;

    @Option(
            names = "--min-p",
            defaultValue = "0",
            paramLabel = "X",
            description =
                    "Draw of the tokens with at least this part of the largest probability."
                            + " Default: 0, of all.")
    private double minP;

    @Option(
            names = "--repetition-penalty",
            defaultValue = "1",
            paramLabel = "X",
            description =
                    "Makes tokens that are there less likely if it is greater than 1."
                            + " Default: 1.")
    private double repetitionPenalty;

    @Option(
            names = "--seed",
            defaultValue = "0",
            paramLabel = "N",
            description = "Of the draws. Default: 0.")
    private long seed;

    void check() {
        OptionChecks.notNegative("--temperature", temperature);
        OptionChecks.require(
                topP > 0 && topP <= 1, "--top-p", topP, "greater than 0 and at most 1");
        OptionChecks.atLeast("--top-k", topK, 0);
        OptionChecks.require(minP >= 0 && minP <= 1, "--min-p", minP, "from 0 to 1");
        OptionChecks.positive("--repetition-penalty", repetitionPenalty);
    }

    /** Returns options with what was given on the command line. */
    GenerationOptions on(GenerationOptions options) {
        return options.withSeed(seed)
                .withSampling(
                        Sampling.builder()
                                .optTemperature(temperature)
                                .optTopP(topP)
                                .optTopK(topK)
                                .optMinP(minP)
                                .optRepetitionPenalty(repetitionPenalty)
                                .build());
    }
}

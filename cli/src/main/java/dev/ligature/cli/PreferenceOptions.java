package dev.ligature.cli;

import dev.ligature.models.training.PreferenceSettings;
import dev.ligature.models.training.PreferenceSettings.Kind;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how preferences are learnt. */
final class PreferenceOptions {
    @Option(
            names = "--beta",
            paramLabel = "X",
            description = {
                "With --task preference: how close the adapter stays to the model without it; the",
                "larger, the closer. Default: 0.1."
            })
    private @Nullable Double beta;

    @Option(
            names = "--label-smoothing",
            paramLabel = "X",
            description =
                    "With it: how probable it is that a preference is the wrong way round. Default: 0.")
    private @Nullable Double smoothing;

    @Option(
            names = "--preference-loss",
            paramLabel = "KIND",
            description = "With it: sigmoid, that of DPO, or ipo. Default: sigmoid.")
    private @Nullable Kind loss;

    /** Returns the options, and whether they are given. */
    Map<String, Boolean> given() {
        Map<String, Boolean> given = new LinkedHashMap<>();
        given.put("--beta", beta != null);
        given.put("--label-smoothing", smoothing != null);
        given.put("--preference-loss", loss != null);
        return given;
    }

    PreferenceSettings settings() {
        PreferenceSettings usual = PreferenceSettings.DEFAULT;
        return new PreferenceSettings(
                beta == null ? usual.beta() : beta,
                smoothing == null ? usual.smoothing() : smoothing,
                loss == null ? usual.loss() : loss);
    }
}

package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** What the demo proves of the adapters it has trained, each a line of its report. */
final class DemoChecks {
    /** |a − b| ≤ ε (1 + |b|). */
    private static final double EPSILON = 1e-4;

    private static final String RELOADED = "reloaded";

    private final LoadedModel loaded;
    private final NDArray ids;
    private boolean passed = true;

    /**
     * Creates the checks.
     *
     * @param loaded the model with its adapters
     * @param ids the tokens to compare logits on, (B, T)
     */
    DemoChecks(LoadedModel loaded, NDArray ids) {
        this.loaded = loaded;
        this.ids = ids;
    }

    /** Returns whether everything held so far. */
    boolean passed() {
        return passed;
    }

    /** Saves an adapter, loads what was saved, and compares the logits bit for bit. */
    String reload(String adapter, Path directory) throws IOException {
        loaded.lora().save(adapter, directory);
        loaded.lora().load(RELOADED, directory);
        boolean identical = Arrays.equals(logits(adapter), logits(RELOADED));
        loaded.lora().remove(RELOADED);
        return verdict(identical, "gives identical logits");
    }

    /** Merges an adapter and compares the logits. */
    String merge(String adapter) {
        float[] expected = logits(adapter);
        try (MergedModel merged = loaded.lora().merge(Routing.of(adapter), MergeOptions.SAFE);
                NDManager scope = loaded.manager().newSubManager()) {
            float[] found = LoadedModel.logits(merged, copy(scope)).toFloatArray();
            double worst = 0;
            boolean within = true;
            for (int i = 0; i < found.length; i++) {
                double gap = Math.abs(found[i] - expected[i]);
                worst = Math.max(worst, gap);
                within &= gap <= EPSILON * (1 + Math.abs(expected[i]));
            }
            return verdict(
                    within,
                    "gives the adapter's logits within 1e-4; they differ by up to "
                            + (float) worst);
        }
    }

    /** Says that an adapter with a pair for each reader of a tied weight cannot be merged. */
    String refuse(String adapter) {
        try (MergedModel merged = loaded.lora().merge(Routing.of(adapter))) {
            return verdict(false, "was not refused: " + merged);
        } catch (LoraException refused) {
            return verdict(true, "is refused: [" + refused.code() + "]");
        }
    }

    private float[] logits(String adapter) {
        try (NDManager scope = loaded.manager().newSubManager()) {
            return LoadedModel.logits(loaded.lora().routed(Routing.of(adapter)), copy(scope))
                    .toFloatArray();
        }
    }

    private NDArray copy(NDManager scope) {
        return scope.create(ids.toLongArray(), ids.getShape());
    }

    private String verdict(boolean held, String claim) {
        passed &= held;
        return (held ? "yes: " : "NO: ") + claim;
    }
}

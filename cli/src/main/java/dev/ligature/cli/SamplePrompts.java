package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.Routing;
import dev.ligature.cli.report.TrainingReport.Sample;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.models.training.TrainingData;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Beginnings of texts of the data, to be continued with the adapter and without it. A row of a
 * batch is the prompt up to the first token that counts; where all count, its first half.
 */
final class SamplePrompts {
    private static final int NEW_TOKENS = 32;
    private static final int HALF = 24; // tokens of a text in which all count, at most

    private final List<long[]> prompts = new ArrayList<>();
    private final List<long[]> expected = new ArrayList<>();

    /**
     * Takes the first rows of the data, which is to be sought after that.
     *
     * @param data gives batches of a causal language model
     * @param most how many
     * @param loaded the model
     */
    static SamplePrompts of(TrainingData data, int most, LoadedModel loaded) throws IOException {
        SamplePrompts samples = new SamplePrompts();
        data.seek(0);
        long batches = data.batches(1);
        for (long batch = 0; batch < batches && samples.prompts.size() < most; batch++) {
            try (NDManager scope = loaded.manager().newSubManager()) {
                samples.add(data.next(scope), most, loaded.base().decoder().maxPositions());
            }
        }
        return samples;
    }

    private void add(TrainingBatch batch, int most, int positions) {
        NDArray ids = batch.inputs().head(); // (B, T)
        if (batch.labels().isEmpty()
                || batch.labels().head().getDataType() != DataType.INT64
                || !batch.labels().head().getShape().equals(ids.getShape())) {
            return; // another task's
        }
        NDArray labels = batch.labels().head(); // (B, T), the tokens that follow
        int width = Math.toIntExact(ids.getShape().get(1));
        long[] all = ids.toLongArray();
        long[] next = labels.toLongArray();
        for (int at = 0; at < all.length && prompts.size() < most; at += width) {
            add(
                    Arrays.copyOfRange(all, at, at + width),
                    Arrays.copyOfRange(next, at, at + width),
                    positions);
        }
    }

    private void add(long[] ids, long[] next, int positions) {
        int begin = first(next, 0, true);
        int end = first(next, begin, false);
        if (begin == end) {
            return; // nothing counts
        }
        int prompt = begin > 0 ? begin + 1 : Math.min(HALF, (end + 1) / 2);
        int from = Math.max(0, prompt + NEW_TOKENS - positions);
        if (from < prompt) {
            prompts.add(Arrays.copyOfRange(ids, from, prompt));
            expected.add(
                    Arrays.copyOfRange(next, prompt - 1, Math.min(end, prompt - 1 + NEW_TOKENS)));
        }
    }

    private static int first(long[] labels, int from, boolean counts) {
        int at = from;
        while (at < labels.length && (labels[at] != NextTokenLoss.IGNORED) != counts) {
            at++;
        }
        return at;
    }

    /** Continues the prompts by the base and by the adapter. */
    List<Sample> continued(LoadedModel loaded) throws IOException {
        if (prompts.isEmpty()) {
            return List.of();
        }
        TextTokenizer tokenizer = loaded.tokenizer();
        List<long[]> base = continued(loaded, Routing.none());
        List<long[]> adapted = continued(loaded, Routing.of(LoadedModel.ADAPTER));
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            long[] prompt = prompts.get(i);
            samples.add(
                    new Sample(
                            tokenizer.decode(prompt),
                            tokenizer.continuation(prompt, expected.get(i)),
                            tokenizer.continuation(prompt, base.get(i)),
                            tokenizer.continuation(prompt, adapted.get(i))));
        }
        return samples;
    }

    private List<long[]> continued(LoadedModel loaded, Routing routing) {
        return TextGenerator.of(loaded.base(), routing)
                .generate(
                        prompts,
                        GenerationOptions.greedy(NEW_TOKENS).withStopIds(loaded.tokens().stops()),
                        TokenListener.NONE);
    }
}

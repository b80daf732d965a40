package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.TokenMeasure;
import dev.ligature.models.text.DataFiles;
import dev.ligature.models.text.DataLine;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A causal language model that learns to complete prompts: the mean cross entropy over the tokens
 * of the completions and of their ends, or of the prompts too.
 *
 * <p>Prompt and completion are one text for the tokenizer, and its end token follows. The tokens
 * that the prompt alone has too are the prompt's.
 */
final class CompletionTask implements TrainingTask<CompletionTask.Example> {
    static final String PROMPT = "prompt";
    static final String COMPLETION = "completion";
    private static final String FORM = "{\"prompt\": \"…\", \"completion\": \"…\"}";

    private final TextTokens tokens;
    private final boolean trainOnPrompt;

    /** The tokens of prompt and completion, and the same with what does not count ignored. */
    static final class Example {
        private final long[] ids;
        private final long[] labels;

        private Example(long[] ids, long[] labels) {
            this.ids = ids;
            this.labels = labels;
        }
    }

    CompletionTask(TextTokens tokens, boolean trainOnPrompt) {
        this.tokens = tokens;
        this.trainOnPrompt = trainOnPrompt;
    }

    /** Returns whether a file has prompts or completions, not whole texts, by its first line. */
    static boolean hasPrompts(Path file) throws IOException {
        DataLine first = DataFiles.first(file, FORM);
        return first.has(PROMPT) || first.has(COMPLETION);
    }

    @Override
    public String form() {
        return FORM;
    }

    @Override
    public String items() {
        return "tokens";
    }

    @Override
    public long cut() {
        return tokens.cut();
    }

    @Override
    public void check(DataLine line) throws IOException {
        line.text(PROMPT);
        line.text(COMPLETION);
    }

    @Override
    public Example read(DataLine line) throws IOException {
        String prompt = line.text(PROMPT);
        long[] alone = tokens.tokenizer().encodePrompt(prompt);
        long[] both = tokens.tokenizer().encodePrompt(prompt + line.text(COMPLETION));
        long end = tokens.end();
        if (both.length == 0 || both[both.length - 1] != end) {
            both = Arrays.copyOf(both, both.length + 1);
            both[both.length - 1] = end;
        }
        long[] ids = tokens.fitting(both);
        if (trainOnPrompt) {
            return new Example(ids, ids.clone());
        }
        // The end is the completion's, also where the tokenizer has put one behind the prompt.
        int ofPrompt = Math.min(common(alone, both), both.length - 1);
        if (ofPrompt >= ids.length) { // nothing of the completion would be left to learn
            int kept = Math.min(both.length - ofPrompt, Math.max(1, ids.length - 1));
            int first = ofPrompt + kept - ids.length;
            ids = Arrays.copyOfRange(both, first, first + ids.length);
            ofPrompt -= first;
        }
        long[] labels = ids.clone();
        Arrays.fill(labels, 0, ofPrompt, NextTokenLoss.IGNORED);
        return new Example(ids, labels);
    }

    private static int common(long[] one, long[] other) {
        int mismatch = Arrays.mismatch(one, other);
        return mismatch < 0 ? one.length : mismatch;
    }

    @Override
    public TrainingBatch batch(List<Example> examples, Random random, NDManager manager) {
        // No mask: padding is behind each text, where causal attention does not see it.
        return batch(
                Padding.rows(examples.stream().map(e -> e.ids).toList(), 0, manager),
                Padding.rows(
                        examples.stream().map(e -> e.labels).toList(),
                        NextTokenLoss.IGNORED,
                        manager));
    }

    /** Returns a batch in which each token but the last predicts the next label. */
    static TrainingBatch batch(NDArray ids, NDArray labels) {
        return TrainingBatch.classes(
                new NDList(ids.get(new NDIndex(":, :-1"))), labels.get(new NDIndex(":, 1:")));
    }

    @Override
    public Measure measure() {
        return new TokenMeasure();
    }

    @Override
    public List<BatchTensor> tensors() {
        return List.of(BatchTensor.BATCHES, BatchTensor.OPTIONAL_LABELS);
    }

    @Override
    public TrainingBatch batch(TensorBatch batch) {
        NDArray ids = batch.array(BatchTensor.BATCHES); // (B, T)
        return batch(
                ids,
                batch.has(BatchTensor.OPTIONAL_LABELS)
                        ? batch.array(BatchTensor.OPTIONAL_LABELS)
                        : ids);
    }
}

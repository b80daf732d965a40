package dev.ligature.models.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.encoder.EncoderInputs;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.TokenMeasure;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataLine;
import dev.ligature.models.text.Padding;
import dev.ligature.models.text.TokenizedText;
import dev.ligature.models.text.TokenizerFile;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A masked language model: the mean cross entropy over the tokens that were chosen, as
 * Transformers' {@code DataCollatorForLanguageModeling} chooses them. Each token but the special
 * ones is chosen with a probability of 15 %; of those 80 % become the mask, 10 % any token, and the
 * rest stay. Where that chooses none of a batch, one is chosen.
 */
final class MaskedTask implements TrainingTask<MaskedTask.Example> {
    private static final String TEXT = "text";
    private static final double CHOSEN = 0.15;
    private static final double MASKED = 0.8;
    private static final double REPLACED = 0.5; // of those that are not masked

    private final TextTokens tokens;
    private final boolean hasTypes;

    /** A text, the mask that its tokens may become, and which of them may. */
    static final class Example {
        private final TokenizedText text;
        private final long mask;
        private final int[] maskable;

        private Example(TokenizedText text, long mask, int[] maskable) {
            this.text = text;
            this.mask = mask;
            this.maskable = maskable;
        }
    }

    MaskedTask(TextTokens tokens) {
        this.tokens = tokens;
        this.hasTypes = EncoderInputs.hasTypes(tokens.model());
    }

    @Override
    public String form() {
        return "{\"text\": \"…\"}";
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
        line.text(TEXT);
    }

    @Override
    public Example read(DataLine line) throws IOException {
        TokenizerFile file = tokens.tokenizer().file();
        int mask =
                file.addedToken("[MASK]")
                        .orElseThrow(
                                () -> ModelMessage.NO_MASK_TOKEN.error(tokens.model().directory()));
        TokenizedText text = tokens.text(line.text(TEXT));
        int[] maskable =
                IntStream.range(0, text.length())
                        .filter(token -> !text.isSpecial(token))
                        .filter(token -> !file.specialIds().contains((int) text.ids()[token]))
                        .toArray();
        return new Example(text, mask, maskable);
    }

    @Override
    public TrainingBatch batch(List<Example> examples, Random random, NDManager manager) {
        List<long[]> ids = new ArrayList<>();
        List<long[]> labels = new ArrayList<>();
        boolean chosen = false;
        for (Example example : examples) {
            long[] masked = example.text.ids().clone();
            long[] label = new long[masked.length];
            Arrays.fill(label, NextTokenLoss.IGNORED);
            for (int token : example.maskable) {
                if (random.nextDouble() < CHOSEN) {
                    choose(example, token, masked, label, random);
                    chosen = true;
                }
            }
            ids.add(masked);
            labels.add(label);
        }
        for (int row = 0; row < examples.size() && !chosen; row++) {
            int[] maskable = examples.get(row).maskable;
            if (maskable.length > 0) {
                int token = maskable[random.nextInt(maskable.length)];
                choose(examples.get(row), token, ids.get(row), labels.get(row), random);
                chosen = true;
            }
        }
        NDList inputs =
                EncoderInputs.padded(
                        examples.stream().map(e -> e.text).toList(), hasTypes, manager);
        inputs.set(0, Padding.rows(ids, 0, manager)); // (B, T)
        return TrainingBatch.classes(
                inputs, Padding.rows(labels, NextTokenLoss.IGNORED, manager)); // (B, T)
    }

    private void choose(Example example, int token, long[] ids, long[] labels, Random random) {
        labels[token] = ids[token];
        if (random.nextDouble() < MASKED) {
            ids[token] = example.mask;
        } else if (random.nextDouble() < REPLACED) {
            ids[token] = random.nextInt(tokens.model().vocabulary());
        }
    }

    @Override
    public Measure measure() {
        return new TokenMeasure();
    }

    @Override
    public List<BatchTensor> tensors() {
        return EncoderRows.tensors(BatchTensor.LABELS, hasTypes);
    }

    @Override
    public TrainingBatch batch(TensorBatch batch) {
        return TrainingBatch.classes(EncoderRows.of(batch), batch.array(BatchTensor.LABELS));
    }
}

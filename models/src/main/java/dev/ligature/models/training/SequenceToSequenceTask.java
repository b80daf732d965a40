package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.TokenMeasure;
import dev.ligature.models.text.DataLine;
import dev.ligature.models.text.Padding;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/**
 * An encoder-decoder that learns to answer: the mean cross entropy over the tokens of the answers.
 * The decoder reads the answer shifted by one, after the token that it begins with.
 */
final class SequenceToSequenceTask implements TrainingTask<SequenceToSequenceTask.Example> {
    private static final String FORM = "{\"prompt\": \"…\", \"completion\": \"…\"}";

    private final TextTokens tokens;

    /** A text and its answer, as token ids. */
    static final class Example {
        private final long[] text;
        private final long[] answer;

        private Example(long[] text, long[] answer) {
            this.text = text;
            this.answer = answer;
        }
    }

    SequenceToSequenceTask(TextTokens tokens) {
        this.tokens = tokens;
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
        text(line);
        answer(line);
    }

    private static String text(DataLine line) throws IOException {
        return line.text(CompletionTask.PROMPT, "input");
    }

    private static String answer(DataLine line) throws IOException {
        return line.text(CompletionTask.COMPLETION, "target");
    }

    @Override
    public Example read(DataLine line) throws IOException {
        return new Example(tokens.text(text(line)).ids(), tokens.ended(answer(line)));
    }

    @Override
    public TrainingBatch batch(List<Example> examples, Random random, NDManager manager) {
        List<long[]> texts = examples.stream().map(e -> e.text).toList();
        List<long[]> answers = examples.stream().map(e -> e.answer).toList();
        long start = tokens.model().encoderDecoder().startToken();
        List<long[]> shifted = answers.stream().map(answer -> shifted(answer, start)).toList();
        long padding = padding();
        return TrainingBatch.classes(
                new NDList(
                        Padding.rows(texts, padding, manager), // (B, S)
                        Padding.mask(texts, manager), // (B, S)
                        Padding.rows(shifted, padding, manager)), // (B, T)
                Padding.rows(answers, NextTokenLoss.IGNORED, manager)); // (B, T)
    }

    private static long[] shifted(long[] answer, long start) {
        long[] shifted = new long[answer.length];
        shifted[0] = start;
        System.arraycopy(answer, 0, shifted, 1, answer.length - 1);
        return shifted;
    }

    private long padding() {
        Integer pad = tokens.model().tokens().pad();
        return pad == null ? 0 : pad;
    }

    @Override
    public Measure measure() {
        return new TokenMeasure();
    }

    @Override
    public List<BatchTensor> tensors() {
        return List.of(
                BatchTensor.INPUT_IDS,
                BatchTensor.DECODER_INPUT_IDS,
                BatchTensor.LABELS,
                BatchTensor.ATTENTION_MASK);
    }

    @Override
    public TrainingBatch batch(TensorBatch batch) {
        NDArray decoder = batch.array(BatchTensor.DECODER_INPUT_IDS); // (B, T)
        return TrainingBatch.classes(
                new NDList(batch.array(BatchTensor.INPUT_IDS), batch.mask(), decoder),
                batch.array(BatchTensor.LABELS));
    }
}

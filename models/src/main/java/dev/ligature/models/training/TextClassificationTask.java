package dev.ligature.models.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.encoder.EncoderInputs;
import dev.ligature.models.evaluation.LabelMeasure;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.text.DataLine;
import dev.ligature.models.text.TokenizedText;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A classifier of texts, or of pairs of texts: the mean cross entropy over the texts. */
final class TextClassificationTask implements TrainingTask<TextClassificationTask.Example> {
    private static final String TEXT = "text";
    private static final String PAIR = "text_pair";
    private static final String LABEL = "label";

    private final TextTokens tokens;
    private final Labels labels;
    private final boolean hasTypes;

    /**
     * A text and its label.
     *
     * @param text the text, or the pair
     * @param label the number of its label
     */
    record Example(TokenizedText text, long label) {}

    TextClassificationTask(TextTokens tokens) throws IOException {
        this.tokens = tokens;
        this.labels = Labels.of(tokens.model());
        this.hasTypes = EncoderInputs.hasTypes(tokens.model());
    }

    @Override
    public String form() {
        return "{\"text\": \"…\", \"label\": …}";
    }

    @Override
    public String items() {
        return "texts";
    }

    @Override
    public long cut() {
        return tokens.cut();
    }

    @Override
    public void check(DataLine line) throws IOException {
        line.text(TEXT);
        line.optionalText(PAIR);
        label(line);
    }

    private long label(DataLine line) throws IOException {
        if (!line.has(LABEL)) {
            throw line.wrong(LABEL, "a label");
        }
        return labels.of(line.value(LABEL), line);
    }

    @Override
    public Example read(DataLine line) throws IOException {
        Optional<String> pair = line.optionalText(PAIR);
        String text = line.text(TEXT);
        return new Example(
                pair.isPresent() ? tokens.pair(text, pair.get()) : tokens.text(text), label(line));
    }

    @Override
    public TrainingBatch batch(List<Example> examples, Random random, NDManager manager) {
        NDList inputs =
                EncoderInputs.padded(
                        examples.stream().map(Example::text).toList(), hasTypes, manager);
        long[] numbers = examples.stream().mapToLong(Example::label).toArray();
        return TrainingBatch.classes(inputs, manager.create(numbers)); // (B)
    }

    @Override
    public Measure measure() {
        return new LabelMeasure();
    }

    @Override
    public List<BatchTensor> tensors() {
        return EncoderRows.tensors(BatchTensor.LABELS_OF_TEXTS, hasTypes);
    }

    @Override
    public TrainingBatch batch(TensorBatch batch) {
        return TrainingBatch.classes(
                EncoderRows.of(batch), batch.array(BatchTensor.LABELS_OF_TEXTS));
    }
}

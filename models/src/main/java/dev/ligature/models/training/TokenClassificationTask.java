package dev.ligature.models.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.encoder.EncoderInputs;
import dev.ligature.models.evaluation.LabelMeasure;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataLine;
import dev.ligature.models.text.Padding;
import dev.ligature.models.text.TokenizedText;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A classifier of words: the mean cross entropy over the words. The first token of a word has its
 * label; the others do not count.
 */
final class TokenClassificationTask implements TrainingTask<TokenClassificationTask.Example> {
    private static final String TOKENS = "tokens";
    private static final String LABELS = "labels";

    private final TextTokens tokens;
    private final Labels labels;
    private final boolean hasTypes;

    /** The words of a text as tokens, and a label for each token. */
    static final class Example {
        private final TokenizedText text;
        private final long[] labels;

        private Example(TokenizedText text, long[] labels) {
            this.text = text;
            this.labels = labels;
        }
    }

    TokenClassificationTask(TextTokens tokens) throws IOException {
        this.tokens = tokens;
        this.labels = Labels.of(tokens.model());
        this.hasTypes = EncoderInputs.hasTypes(tokens.model());
    }

    @Override
    public String form() {
        return "{\"tokens\": [\"…\"], \"labels\": […]}";
    }

    @Override
    public String items() {
        return "words";
    }

    @Override
    public long cut() {
        return tokens.cut();
    }

    @Override
    public void check(DataLine line) throws IOException {
        words(line);
        labels(line);
    }

    private static List<String> words(DataLine line) throws IOException {
        line.list(TOKENS, "a list of texts");
        List<String> words = line.texts(TOKENS);
        int given = line.list(LABELS, "a list of labels").size();
        if (words.size() != given) {
            throw line.error(ModelMessage.LINE_LABELS, words.size(), LABELS, given);
        }
        return words;
    }

    private long[] labels(DataLine line) throws IOException {
        List<?> given = line.list(LABELS, "a list of labels");
        long[] numbers = new long[given.size()];
        for (int word = 0; word < numbers.length; word++) {
            numbers[word] = labels.of(given.get(word), line);
        }
        return numbers;
    }

    @Override
    public Example read(DataLine line) throws IOException {
        TokenizedText text = tokens.words(words(line));
        long[] ofWords = labels(line);
        long[] ofTokens = new long[text.length()];
        Arrays.fill(ofTokens, NextTokenLoss.IGNORED);
        long before = -1;
        for (int token = 0; token < ofTokens.length; token++) {
            long word = text.isSpecial(token) ? -1 : text.words()[token];
            if (word >= 0 && word != before) {
                ofTokens[token] = ofWords[(int) word];
            }
            before = word;
        }
        return new Example(text, ofTokens);
    }

    @Override
    public TrainingBatch batch(List<Example> examples, Random random, NDManager manager) {
        NDList inputs =
                EncoderInputs.padded(
                        examples.stream().map(e -> e.text).toList(), hasTypes, manager);
        List<long[]> rows = examples.stream().map(e -> e.labels).toList();
        return TrainingBatch.classes(
                inputs, Padding.rows(rows, NextTokenLoss.IGNORED, manager)); // (B, T)
    }

    @Override
    public Measure measure() {
        return new LabelMeasure();
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

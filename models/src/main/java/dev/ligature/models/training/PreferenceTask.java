package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.Routing;
import dev.ligature.models.chat.ChatText;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.TokenScores;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataLine;
import dev.ligature.models.text.Padding;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Preferences: of two answers to a prompt the model is to prefer the chosen one, by {@link
 * PreferenceLoss}. The reference is the model without any adapter, which computes its part when a
 * batch is made.
 */
final class PreferenceTask implements TrainingTask<PreferenceTask.Example> {
    private static final String CHOSEN = "chosen";
    private static final String REJECTED = "rejected";
    private static final String FORM =
            "{\"prompt\": \"…\", \"chosen\": \"…\", \"rejected\": \"…\"}, each a text or all lists of"
                    + " messages,";

    private final TextTokens tokens;
    private final ChatRows chats;
    private final PreferenceSettings settings;
    private final Block reference;

    /**
     * A pair of texts that begin with the same prompt.
     *
     * @param chosen the better one
     * @param rejected the worse one
     */
    record Example(CausalRow chosen, CausalRow rejected) {}

    PreferenceTask(TextTokens tokens, PreferenceSettings settings) {
        this.tokens = tokens;
        this.chats = new ChatRows(tokens, false);
        this.settings = settings;
        this.reference = tokens.model().lora().routed(Routing.none());
    }

    @Override
    public String form() {
        return FORM;
    }

    @Override
    public String items() {
        return "pairs";
    }

    @Override
    public long cut() {
        return tokens.cut();
    }

    @Override
    public void check(DataLine line) throws IOException {
        if (isChat(line)) {
            chat(line, CHOSEN);
            chat(line, REJECTED);
        } else {
            line.text(CompletionTask.PROMPT);
            line.text(CHOSEN);
            line.text(REJECTED);
        }
    }

    private static boolean isChat(DataLine line) {
        return line.value(CHOSEN) instanceof List || line.value(REJECTED) instanceof List;
    }

    /** Renders an answer. Without a list of prompts, what both answers begin with is the prompt. */
    private ChatText chat(DataLine line, String answer) throws IOException {
        List<Map<String, @Nullable Object>> messages = ChatRows.messages(line, answer);
        if (line.value(CompletionTask.PROMPT) instanceof List) {
            return chats.text(line, ChatRows.messages(line, CompletionTask.PROMPT), messages);
        }
        List<Map<String, @Nullable Object>> other =
                ChatRows.messages(line, answer.equals(CHOSEN) ? REJECTED : CHOSEN);
        int same = 0;
        while (same < Math.min(messages.size(), other.size()) - 1
                && messages.get(same).equals(other.get(same))) {
            same++;
        }
        if (same == 0) {
            throw line.wrong(CompletionTask.PROMPT, "a list of messages");
        }
        return chats.text(line, messages.subList(0, same), messages.subList(same, messages.size()));
    }

    @Override
    public Example read(DataLine line) throws IOException {
        String prompt = isChat(line) ? "" : line.text(CompletionTask.PROMPT);
        return new Example(answer(line, prompt, CHOSEN), answer(line, prompt, REJECTED));
    }

    private CausalRow answer(DataLine line, String prompt, String answer) throws IOException {
        CausalRow row =
                isChat(line)
                        ? chats.row(chat(line, answer))
                        : tokens.completion(prompt, line.text(answer), false);
        if (!row.foretellsAny()) {
            throw line.error(ModelMessage.LINE_NO_ANSWER, answer);
        }
        return row;
    }

    @Override
    public TrainingBatch batch(List<Example> examples, Random random, NDManager manager) {
        List<CausalRow> rows = new ArrayList<>();
        examples.forEach(pair -> rows.add(pair.chosen));
        examples.forEach(pair -> rows.add(pair.rejected));
        return batch(
                Padding.rows(rows.stream().map(CausalRow::ids).toList(), 0, manager),
                Padding.rows(
                        rows.stream().map(CausalRow::labels).toList(),
                        NextTokenLoss.IGNORED,
                        manager));
    }

    /** Returns a batch of B chosen texts and then B rejected ones, (2B, T) each. */
    private TrainingBatch batch(NDArray ids, NDArray labels) {
        NDList inputs = new NDList(ids.get(new NDIndex(":, :-1")));
        NDArray next = labels.get(new NDIndex(":, 1:"));
        long pairs = ids.getShape().get(0) / 2;
        return new TrainingBatch(
                inputs, new NDList(next, logs(inputs, next)), new PreferenceLoss(settings), pairs);
    }

    /** Returns the reference's log probabilities of texts, (2B). */
    private NDArray logs(NDList inputs, NDArray next) {
        NDManager manager = next.getManager();
        int rows = Math.toIntExact(next.getShape().get(0));
        try (NDManager scope = manager.newSubManager()) {
            Optional<TokenScores> scores = TokenScores.of(reference, inputs, next, scope);
            if (scores.isPresent()) {
                double[] sums = new double[rows];
                int width = Math.toIntExact(next.getShape().get(1));
                scores.get().forEach((place, label, log, first) -> sums[place / width] += log);
                float[] logs = new float[rows];
                for (int row = 0; row < rows; row++) {
                    logs[row] = (float) sums[row];
                }
                return manager.create(logs);
            }
            NDList outputs = reference.forward(new ParameterStore(scope, false), inputs, false);
            outputs.attach(scope);
            NDList labels = new NDList(next, scope.zeros(new Shape(rows)));
            NDArray logs = PreferenceLoss.ratios(labels, outputs, false);
            logs.attach(manager);
            return logs;
        }
    }

    @Override
    public Measure measure() {
        return new PreferenceMeasure(settings.beta());
    }

    @Override
    public List<BatchTensor> tensors() {
        return List.of(BatchTensor.PAIRED_INPUT_IDS, BatchTensor.PAIRED_LABELS);
    }

    @Override
    public TrainingBatch batch(TensorBatch batch) {
        return batch(
                batch.array(BatchTensor.PAIRED_INPUT_IDS), batch.array(BatchTensor.PAIRED_LABELS));
    }

    @Override
    public TrainingBatch batch(NDList inputs, NDList labels, long count) {
        return new TrainingBatch(inputs, labels, new PreferenceLoss(settings), count);
    }
}

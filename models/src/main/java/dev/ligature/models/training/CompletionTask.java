package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.models.chat.ChatText;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.TokenMeasure;
import dev.ligature.models.text.DataFiles;
import dev.ligature.models.text.DataLine;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A causal language model that learns to complete prompts: the mean cross entropy over the tokens
 * of the completions and of their ends, or of the prompts too.
 *
 * <p>Prompt and completion are one text for the tokenizer, and its end token follows. The tokens
 * that the prompt alone has too are the prompt's. Conversations are {@link ChatRows}.
 */
final class CompletionTask implements TrainingTask<CausalRow> {
    static final String PROMPT = "prompt";
    static final String COMPLETION = "completion";
    private static final String FORM =
            "{\"prompt\": \"…\", \"completion\": \"…\"} or " + ChatRows.FORM;

    private final TextTokens tokens;
    private final ChatRows chats;
    private final boolean trainOnPrompt;

    CompletionTask(TextTokens tokens, boolean trainOnPrompt) {
        this.tokens = tokens;
        this.chats = new ChatRows(tokens, trainOnPrompt);
        this.trainOnPrompt = trainOnPrompt;
    }

    /** Returns whether a file has prompts, completions or conversations, by its first line. */
    static boolean hasPrompts(Path file) throws IOException {
        DataLine first = DataFiles.first(file, FORM);
        return Stream.of(PROMPT, COMPLETION, ChatRows.MESSAGES).anyMatch(first::has);
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
    public String note() {
        return chats.countsLastAnswers()
                ? "the chat template has no generation blocks: of each conversation the last answer"
                        + " counts"
                : "";
    }

    @Override
    public void check(DataLine line) throws IOException {
        if (chat(line) == null) {
            line.text(PROMPT);
            line.text(COMPLETION);
        }
    }

    /** Returns the conversation of a line; null if it has texts. */
    private @Nullable ChatText chat(DataLine line) throws IOException {
        if (line.has(ChatRows.MESSAGES)) {
            return chats.text(line);
        }
        return line.value(PROMPT) instanceof List || line.value(COMPLETION) instanceof List
                ? chats.text(line, PROMPT, COMPLETION)
                : null;
    }

    @Override
    public CausalRow read(DataLine line) throws IOException {
        ChatText chat = chat(line);
        if (chat != null) {
            return chats.row(chat);
        }
        String prompt = line.text(PROMPT);
        long[] alone = tokens.tokenizer().encodePrompt(prompt);
        long[] both = tokens.tokenizer().encodePrompt(prompt + line.text(COMPLETION));
        long end = tokens.end();
        if (both.length == 0 || both[both.length - 1] != end) {
            both = Arrays.copyOf(both, both.length + 1);
            both[both.length - 1] = end;
        }
        // The end is the completion's, also where the tokenizer has put one behind the prompt.
        int ofPrompt = trainOnPrompt ? 0 : Math.min(common(alone, both), both.length - 1);
        BitSet counted = new BitSet();
        counted.set(ofPrompt, both.length);
        return tokens.row(both, counted);
    }

    private static int common(long[] one, long[] other) {
        int mismatch = Arrays.mismatch(one, other);
        return mismatch < 0 ? one.length : mismatch;
    }

    @Override
    public TrainingBatch batch(List<CausalRow> rows, Random random, NDManager manager) {
        // No mask: padding is behind each text, where causal attention does not see it.
        return batch(
                Padding.rows(rows.stream().map(CausalRow::ids).toList(), 0, manager),
                Padding.rows(
                        rows.stream().map(CausalRow::labels).toList(),
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

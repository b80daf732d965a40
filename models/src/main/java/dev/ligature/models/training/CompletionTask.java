package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.models.chat.ChatText;
import dev.ligature.models.decoder.CausalModel;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.TokenMeasure;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataFiles;
import dev.ligature.models.text.DataLine;
import dev.ligature.models.text.Padding;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A causal language model that learns to complete prompts: the mean cross entropy over the tokens
 * of the completions and of their ends, or of the prompts too.
 *
 * <p>Prompt and completion are one text for the tokenizer, and its end token follows. The tokens
 * that the prompt alone has too are the prompt's. Conversations are {@link ChatRows}.
 */
final class CompletionTask implements TrainingTask<CausalRow> {
    private static final String TEXT = "text";
    static final String PROMPT = "prompt";
    static final String COMPLETION = "completion";
    private static final String FORM =
            "{\"prompt\": \"…\", \"completion\": \"…\"} or " + ChatRows.FORM;

    private static final List<String> FIELDS = List.of(PROMPT, COMPLETION, ChatRows.MESSAGES);

    private final TextTokens tokens;
    private final ChatRows chats;
    private final boolean trainOnPrompt;
    private final boolean packs;
    private long packed; // tokens
    private long room; // for so many tokens

    /**
     * Creates it.
     *
     * @param trainOnPrompt whether the tokens of prompts count too
     * @param packs whether several texts share a row; lines may then be whole texts
     */
    CompletionTask(TextTokens tokens, boolean trainOnPrompt, boolean packs) {
        this.tokens = tokens;
        this.chats = new ChatRows(tokens, trainOnPrompt);
        this.trainOnPrompt = trainOnPrompt;
        this.packs = packs;
        if (packs && !(tokens.model().block() instanceof CausalModel)) {
            throw ModelMessage.NOT_PACKED.error(
                    tokens.model().directory(), tokens.model().block().getClass().getSimpleName());
        }
    }

    /** Returns whether a file has prompts, completions or conversations, by its first line. */
    static boolean hasPrompts(Path file) throws IOException {
        DataLine first = DataFiles.first(file, FORM);
        return FIELDS.stream().anyMatch(first::has);
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
        String last =
                chats.countsLastAnswers()
                        ? "the chat template has no generation blocks: of each conversation the"
                                + " last answer counts"
                        : "";
        String filled =
                room == 0 ? "" : "the packed rows were filled to " + 100 * packed / room + " %";
        return last.isEmpty() || filled.isEmpty() ? last + filled : last + "; " + filled;
    }

    @Override
    public void check(DataLine line) throws IOException {
        if (isText(line)) {
            line.text(TEXT);
        } else if (chat(line) == null) {
            line.text(PROMPT);
            line.text(COMPLETION);
        }
    }

    private boolean isText(DataLine line) {
        return packs && line.has(TEXT) && FIELDS.stream().noneMatch(line::has);
    }

    /** Returns the conversation of a line; null if it has texts. */
    private @Nullable ChatText chat(DataLine line) throws IOException {
        if (line.has(ChatRows.MESSAGES)) {
            return chats.text(line);
        }
        return line.value(PROMPT) instanceof List || line.value(COMPLETION) instanceof List
                ? chats.text(
                        line, ChatRows.messages(line, PROMPT), ChatRows.messages(line, COMPLETION))
                : null;
    }

    @Override
    public CausalRow read(DataLine line) throws IOException {
        if (isText(line)) {
            return tokens.completion("", line.text(TEXT), true);
        }
        ChatText chat = chat(line);
        return chat != null
                ? chats.row(chat)
                : tokens.completion(line.text(PROMPT), line.text(COMPLETION), trainOnPrompt);
    }

    @Override
    public TrainingBatch batch(List<CausalRow> rows, Random random, NDManager manager) {
        if (packs) {
            PackedRows few = new PackedRows(rows, tokens.most());
            packed += rows.stream().mapToLong(row -> row.ids().length).sum();
            room += (long) few.count() * few.width();
            if (few.count() < rows.size()) {
                return few.batch(manager);
            }
        }
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

package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.text.Document;
import dev.ligature.models.text.HeldOutSplit;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.training.TokenWindows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A text as tokens, in a part to train on and a part to measure on.
 *
 * @param training windows of the part to train on
 * @param heldOut batches of the part to measure on, (B, T) int64 each; empty if nothing is held out
 * @param tokens the tokens of the part to train on
 */
record Corpus(TokenWindows training, List<NDArray> heldOut, long tokens) {
    /** Copies the list. */
    Corpus {
        heldOut = List.copyOf(heldOut);
    }

    /**
     * How a text is cut.
     *
     * @param vocabulary how many tokens the model knows
     * @param endOfText the token after each document
     * @param length the tokens T of a window
     * @param heldOutEvery one in how many documents is held out; 0 is none
     * @param heldOutBatches how many batches to measure on at most, spread over the held-out text
     * @param heldOutRows the rows B of such a batch
     */
    record Cut(
            int vocabulary,
            int endOfText,
            int length,
            int heldOutEvery,
            int heldOutBatches,
            int heldOutRows) {}

    /**
     * Makes tokens of documents.
     *
     * @param documents the documents
     * @param tokenizer makes the tokens
     * @param cut how they are cut
     * @param manager owns the held-out batches
     * @throws IOException if the thread is interrupted
     * @throws BadInputException if a part is too short
     */
    static Corpus of(List<Document> documents, TextTokenizer tokenizer, Cut cut, NDManager manager)
            throws IOException {
        HeldOutSplit split = HeldOutSplit.of(documents, cut.heldOutEvery());
        int[] training = stream(split.training(), tokenizer, cut, "to train on");
        List<NDArray> batches = new ArrayList<>();
        if (cut.heldOutEvery() > 0) {
            int[] heldOut = stream(split.heldOut(), tokenizer, cut, "held out");
            batches.addAll(spread(TokenWindows.of(heldOut, cut.length()), cut, manager));
        }
        return new Corpus(TokenWindows.of(training, cut.length()), batches, training.length);
    }

    /**
     * Makes tokens of documents, and holds out the last part of them.
     *
     * @param fraction the part that is held out
     * @throws BadInputException if a part is too short
     */
    static Corpus ofFraction(
            List<Document> documents,
            TextTokenizer tokenizer,
            Cut cut,
            double fraction,
            NDManager manager)
            throws IOException {
        int[] all = stream(documents, tokenizer, cut, "to train and measure on");
        int training = all.length - (int) Math.ceil(fraction * all.length);
        if (Math.min(training, all.length - training) < cut.length()) {
            throw new BadInputException(
                    "--eval-fraction "
                            + fraction
                            + " divides the text into "
                            + training
                            + " and "
                            + (all.length - training)
                            + " tokens, one of which is fewer than --sequence-length "
                            + cut.length()
                            + ". Give more text, a shorter length or --eval-data.");
        }
        TokenWindows heldOut =
                TokenWindows.of(Arrays.copyOfRange(all, training, all.length), cut.length());
        return new Corpus(
                TokenWindows.of(Arrays.copyOf(all, training), cut.length()),
                heldOut.batches(cut.heldOutRows(), manager),
                training);
    }

    private static int[] stream(
            List<Document> documents, TextTokenizer tokenizer, Cut cut, String part)
            throws IOException {
        TokenIds.check(
                new long[] {cut.endOfText()}, cut.vocabulary(), "config.json's eos_token_id");
        int[] tokens = tokenizer.stream(documents, cut.endOfText());
        TokenIds.check(tokens, cut.vocabulary(), tokenizer);
        if (tokens.length < cut.length()) {
            throw new BadInputException(
                    "The text "
                            + part
                            + " has "
                            + documents.size()
                            + " documents with "
                            + tokens.length
                            + " tokens, fewer than --sequence-length "
                            + cut.length()
                            + ". Give more text, or a shorter length.");
        }
        return tokens;
    }

    private static List<NDArray> spread(TokenWindows windows, Cut cut, NDManager manager) {
        List<NDArray> all = windows.batches(cut.heldOutRows(), manager);
        int count = Math.min(all.size(), cut.heldOutBatches());
        List<NDArray> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            chosen.add(all.get((int) ((long) i * all.size() / count)));
        }
        all.stream().filter(batch -> !chosen.contains(batch)).forEach(NDArray::close);
        return chosen;
    }
}

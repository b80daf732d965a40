package dev.ligature.models.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A Hugging Face tokenizer, as a {@code tokenizer.json} describes it. */
public final class TextTokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;

    private TextTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Opens a tokenizer.
     *
     * @param file the {@code tokenizer.json}
     * @throws IOException if the file is missing or is no tokenizer
     */
    public static TextTokenizer open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString());
        }
        try {
            return new TextTokenizer(
                    HuggingFaceTokenizer.builder()
                            .optTokenizerPath(file)
                            .optTruncation(false) // cuts at 512 tokens otherwise
                            .optPadding(false)
                            .build());
        } catch (RuntimeException e) { // what the native library throws
            throw new IOException(file + " is not a tokenizer: " + e.getMessage(), e);
        }
    }

    /**
     * Returns the token ids of a prompt, with what the tokenizer puts around a text.
     *
     * @param text the prompt
     */
    public long[] encodePrompt(String text) {
        return tokenizer.encode(text, true, false).getIds();
    }

    /**
     * Returns the token ids of a text alone.
     *
     * @param text the text
     */
    public long[] encode(String text) {
        return tokenizer.encode(text, false, false).getIds();
    }

    /**
     * Returns the text of token ids; special tokens have none. Bytes that are not (yet) a character
     * become U+FFFD.
     *
     * @param ids the token ids
     */
    public String decode(long[] ids) {
        return tokenizer.decode(ids, true);
    }

    /**
     * Returns documents as one stream of tokens.
     *
     * @param documents the documents
     * @param endOfText the token that follows each document
     * @throws InterruptedIOException if the thread is interrupted, for this may take a while
     */
    public int[] stream(List<Document> documents, int endOfText) throws InterruptedIOException {
        int[] tokens = new int[1 << 16];
        int count = 0;
        for (Document document : documents) {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("interrupted while text was read");
            }
            Encoding encoding = tokenizer.encode(document.text(), false, false);
            long[] ids = encoding.getIds();
            if (count + ids.length + 1 > tokens.length) {
                tokens = Arrays.copyOf(tokens, Math.max(2 * tokens.length, count + ids.length + 1));
            }
            for (long id : ids) {
                tokens[count++] = (int) id;
            }
            tokens[count++] = endOfText;
        }
        return Arrays.copyOf(tokens, count);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}

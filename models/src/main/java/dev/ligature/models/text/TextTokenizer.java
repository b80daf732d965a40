package dev.ligature.models.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.ligature.internal.names.NameList;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Hugging Face tokenizer, as a {@code tokenizer.json} describes it. */
public final class TextTokenizer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TextTokenizer.class);

    /** Blanks before these, in their order, are what Transformers' clean-up takes away. */
    private static final String[] CLEAN_UP = {
        " .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're"
    };

    /** The characters at the end of a text that later ones may change where it is cleaned up. */
    private static final int UNCERTAIN = 8;

    private static final Pattern HALF_A_PAIR = Pattern.compile("\\p{Cs}");

    private static final Map<String, String> NEITHER_CUT_NOR_FILLED =
            Map.of("truncation", "false", "padding", "false");

    private final HuggingFaceTokenizer tokenizer;
    private final TokenizerFile file;
    private final boolean cleansUp;

    private TextTokenizer(HuggingFaceTokenizer tokenizer, TokenizerFile file, boolean cleansUp) {
        this.tokenizer = tokenizer;
        this.file = file;
        this.cleansUp = cleansUp;
    }

    /**
     * Opens a tokenizer. Of a {@code tokenizer_config.json} beside it only {@code
     * clean_up_tokenization_spaces} counts, as in Transformers for models other than BPE. Tokens
     * that it adds to those of the file are warned of.
     *
     * @param file the {@code tokenizer.json}
     * @throws IOException if the file is missing or is not a tokenizer, or if {@code
     *     split_special_tokens} is asked for
     */
    public static TextTokenizer open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw ModelMessage.TOKENIZER_MISSING.fileError(file);
        }
        TokenizerFile known = TokenizerFile.read(file);
        TokenizerSettings settings = TokenizerSettings.read(file);
        if (settings.splitsSpecial()) {
            throw ModelMessage.TOKENIZER_SPLITS.fileError(
                    file.resolveSibling("tokenizer_config.json"));
        }
        checkTokens(file, known, settings);
        boolean cleansUp = !known.modelType().equals("BPE") && settings.cleansUp();
        try (InputStream in = Files.newInputStream(file)) {
            // From a stream: from a path, DJL applies tokenizer_config.json in its own way.
            return new TextTokenizer(
                    HuggingFaceTokenizer.newInstance(in, NEITHER_CUT_NOR_FILLED), known, cleansUp);
        } catch (RuntimeException e) { // what the native library throws
            throw ModelMessage.TOKENIZER_DAMAGED.fileErrorFrom(
                    e, file, String.valueOf(e.getMessage()));
        }
    }

    /** Says which tokens of the files beside are ordinary text here. */
    private static void checkTokens(Path file, TokenizerFile known, TokenizerSettings settings) {
        List<String> lacking =
                settings.tokens().stream()
                        .filter(token -> known.addedToken(token).isEmpty())
                        .sorted()
                        .toList();
        if (!lacking.isEmpty()) {
            LOG.warn(
                    "[{}] {}",
                    ModelMessage.TOKENIZER_LACKS.code(),
                    ModelMessage.TOKENIZER_LACKS.text(file, NameList.list(lacking)));
        }
    }

    /**
     * Returns the token ids of a prompt, with what the tokenizer puts around a text.
     *
     * @param text the prompt
     */
    public long[] encodePrompt(String text) {
        return ids(text, true);
    }

    /**
     * Returns the token ids of a text alone.
     *
     * @param text the text
     */
    public long[] encode(String text) {
        return ids(text, false);
    }

    /** Returns ids alone: an {@code Encoding} has two objects for each token, which add up. */
    private long[] ids(String text, boolean around) {
        long encoding =
                TokenizersLibrary.LIB.encode(tokenizer.getHandle(), wellFormed(text), around);
        try {
            return TokenizersLibrary.LIB.getTokenIds(encoding);
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    /**
     * Returns the tokens of a text alone, with their places in it.
     *
     * @param text the text
     */
    public PlacedTokens place(String text) {
        String whole = wellFormed(text);
        return PlacedTokens.of(tokenizer.encode(whole, false, false), whole);
    }

    /**
     * Returns a text with U+FFFD for halves of surrogate pairs. Natively, one of them would become
     * three such characters, and change all whole pairs of the text as well.
     */
    private static String wellFormed(String text) {
        return HALF_A_PAIR.matcher(text).replaceAll("\uFFFD");
    }

    /**
     * Returns a text as tokens, with what the tokenizer puts around it.
     *
     * @param text the text
     */
    public TokenizedText tokenize(String text) {
        return TokenizedText.of(tokenizer.encode(wellFormed(text), true, false));
    }

    /**
     * Returns a pair of texts as tokens, with what the tokenizer puts around and between them.
     *
     * @param text the first text
     * @param pair the second text
     */
    public TokenizedText tokenize(String text, String pair) {
        return TokenizedText.of(tokenizer.encode(wellFormed(text), wellFormed(pair), true, false));
    }

    /**
     * Returns words as tokens, with what the tokenizer puts around a text.
     *
     * @param words the words of a text
     */
    public TokenizedText tokenize(List<String> words) {
        return TokenizedText.of(
                tokenizer.encode(
                        words.stream().map(TextTokenizer::wellFormed).toList(), true, false));
    }

    /** Returns what the file says of its tokens. */
    public TokenizerFile file() {
        return file;
    }

    /**
     * Returns the text of token ids; special tokens have none. Bytes that are not (yet) a character
     * become U+FFFD.
     *
     * @param ids the token ids
     */
    public String decode(long[] ids) {
        return cleanUp(decodeRaw(ids)).toString();
    }

    /**
     * Returns the text of token ids, in which special tokens have theirs.
     *
     * @param ids the token ids
     */
    public String decodeAll(long[] ids) {
        return cleanUp(tokenizer.decode(ids, false)).toString();
    }

    /**
     * Returns the text that tokens add to a prompt: what the text of both has beyond the text of
     * the prompt. It begins with the blank that the text of the tokens alone may lack.
     *
     * @param prompt the prompt's token ids
     * @param added the ids of the tokens after it
     */
    public String continuation(long[] prompt, long[] added) {
        long[] both = Arrays.copyOf(prompt, prompt.length + added.length);
        System.arraycopy(added, 0, both, prompt.length, added.length);
        String text = decode(both);
        return text.substring(common(decode(prompt), text, text.length()));
    }

    /**
     * Returns a token as the vocabulary spells it; a special token has a text here.
     *
     * @param id the token id
     */
    public String spelling(long id) {
        return tokenizer.decode(new long[] {id}, false);
    }

    /** Returns the text as the native tokenizer gives it. */
    String decodeRaw(long[] ids) {
        return tokenizer.decode(ids, true);
    }

    /** Takes blanks away where the tokenizer's configuration asks for it. */
    CharSequence cleanUp(CharSequence text) {
        if (!cleansUp) {
            return text;
        }
        String clean = text.toString();
        for (String pattern : CLEAN_UP) {
            clean = clean.replace(pattern, pattern.strip());
        }
        return clean;
    }

    /** Returns how many characters at the end of a clean text later ones may change. */
    int uncertain() {
        return cleansUp ? UNCERTAIN : 0;
    }

    /**
     * Returns how many of the first tokens have a text that no later token changes: bytes in a row
     * become characters only if all of them form some.
     */
    int settled(long[] ids, int count) {
        if (file.byteIds().isEmpty()) {
            return count;
        }
        int end = count;
        while (end > 0
                && (isByte(ids[end - 1]) || file.specialIds().contains((int) ids[end - 1]))) {
            end--;
        }
        return end;
    }

    private boolean isByte(long id) {
        return file.byteIds().contains((int) id);
    }

    /** Returns how many characters two texts begin with in common, up to an end. */
    static int common(String one, CharSequence other, int end) {
        int length = Math.min(one.length(), end);
        int i = 0;
        while (i < length && one.charAt(i) == other.charAt(i)) {
            i++;
        }
        return i > 0 && i < one.length() && Character.isHighSurrogate(one.charAt(i - 1))
                ? i - 1
                : i;
    }

    /**
     * Returns documents as one stream of tokens.
     *
     * @param documents the documents
     * @param endOfText the token that follows each document
     * @throws InterruptedIOException if the thread is interrupted, for this may take a while
     */
    public int[] stream(List<Document> documents, int endOfText) throws InterruptedIOException {
        TokenList tokens = new TokenList();
        for (Document document : documents) {
            LongText.encode(tokenizer, wellFormed(document.text()), tokens);
            tokens.accept(endOfText);
        }
        return tokens.toArray();
    }

    /** Token ids, as many as come. */
    private static final class TokenList implements IntConsumer {
        private int[] ids = new int[1 << 16];
        private int count;

        @Override
        public void accept(int id) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * count);
            }
            ids[count++] = id;
        }

        int[] toArray() {
            return Arrays.copyOf(ids, count);
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}

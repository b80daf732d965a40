package dev.ligature.models.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Set;

/**
 * How few tokens a text can become: no token covers more bytes than the longest one of the
 * vocabulary. Known only of tokenizers that leave no part of a text out; of others it may be known
 * that they make a token of each word.
 */
public final class TokenBound {
    /** Of a tokenizer that may leave out parts of a text. */
    private static final int UNLIMITED = 0;

    private static final int BYTES = 256;

    /** NFC makes at most one byte of three: of the parts of a Hangul syllable, and of U+212A. */
    private static final int SHRINKS = 3;

    private static final Set<String> WHOLE_SPLITS =
            Set.of("ByteLevel", "Metaspace", "Digits", "Split", "Punctuation");

    private final int bytesOfToken;
    private final boolean countsBlanks;
    private final WordBound words;

    private TokenBound(int bytesOfToken, boolean countsBlanks, WordBound words) {
        this.bytesOfToken = bytesOfToken;
        this.countsBlanks = countsBlanks;
        this.words = words;
    }

    /**
     * Returns the bound of a tokenizer.
     *
     * @param longest the bytes of the longest token in UTF-8
     * @param coversBytes whether each byte is a token
     * @param stripping whether an added token swallows blanks beside it
     * @param normalizer the member of that name
     * @param splitter the member {@code pre_tokenizer}
     * @param words what is known of its words
     */
    static TokenBound of(
            int longest,
            boolean coversBytes,
            boolean stripping,
            JsonElement normalizer,
            JsonElement splitter,
            WordBound words) {
        int shrinks = shrinks(normalizer);
        boolean isLimited = coversBytes && shrinks > 0 && keepsAll(splitter);
        return new TokenBound(isLimited ? longest * shrinks : UNLIMITED, !stripping, words);
    }

    /** Returns the most bytes of a text that one token covers; 0 if that is not limited. */
    int bytesOfToken() {
        return bytesOfToken;
    }

    /** Returns whether so many tokens of their alphabet are those of all bytes. */
    static boolean isAllBytes(int count) {
        return count >= BYTES;
    }

    /** Returns whether a character is one of the 256 that byte-level BPE writes bytes as. */
    static boolean isOfByteLevel(char c) {
        return (c > ' ' && c < 0x7f) || (c > 0xa0 && c != 0xad && c < 0x144);
    }

    /** Returns whether bytes are what tokens are made of. */
    static boolean usesByteLevel(JsonElement splitter) {
        if (!splitter.isJsonObject()) {
            return false;
        }
        JsonObject fields = splitter.getAsJsonObject();
        boolean found = type(fields).equals("ByteLevel");
        for (JsonElement part : list(fields, "pretokenizers")) {
            found |= usesByteLevel(part);
        }
        return found;
    }

    /** Returns the most bytes that one byte is made of; 0 if that is not limited. */
    private static int shrinks(JsonElement normalizer) {
        if (!normalizer.isJsonObject()) {
            return 1;
        }
        JsonObject fields = normalizer.getAsJsonObject();
        switch (type(fields)) {
            case "Sequence" -> {
                int product = 1;
                for (JsonElement part : list(fields, "normalizers")) {
                    product *= shrinks(part);
                }
                return product;
            }
            case "Prepend" -> {
                return 1;
            }
            case "NFC" -> {
                return SHRINKS;
            }
            case "Replace" -> {
                return growsByReplacing(fields) ? 1 : 0;
            }
            default -> {
                return 0;
            }
        }
    }

    /** Such as a blank by U+2581. */
    private static boolean growsByReplacing(JsonObject fields) {
        return fields.get("pattern") instanceof JsonObject pattern
                && pattern.get("String") instanceof JsonPrimitive text
                && fields.get("content") instanceof JsonPrimitive content
                && text.getAsString().length() <= content.getAsString().length()
                && text.getAsString().chars().allMatch(c -> c < 128);
    }

    private static boolean keepsAll(JsonElement splitter) {
        if (!splitter.isJsonObject()) {
            return true;
        }
        JsonObject fields = splitter.getAsJsonObject();
        if (type(fields).equals("Sequence")) {
            boolean all = true;
            for (JsonElement part : list(fields, "pretokenizers")) {
                all &= keepsAll(part);
            }
            return all;
        }
        boolean removes =
                fields.get("behavior") instanceof JsonPrimitive behavior
                        && behavior.getAsString().equals("Removed");
        return WHOLE_SPLITS.contains(type(fields)) && !removes;
    }

    private static String type(JsonObject fields) {
        return fields.get("type") instanceof JsonPrimitive type ? type.getAsString() : "";
    }

    private static JsonArray list(JsonObject fields, String name) {
        return fields.get(name) instanceof JsonArray list ? list : new JsonArray();
    }

    /**
     * Returns whether a text certainly has more tokens than a number. In doubt it does not.
     *
     * @param text the text
     * @param tokens the number
     */
    public boolean isExceeded(String text, long tokens) {
        return areBytesExceeded(text, tokens) || words.isExceeded(text, tokens);
    }

    /** Blanks cover bytes too, but where some added tokens swallow those around them. */
    private boolean areBytesExceeded(String text, long tokens) {
        long room = bytesOfToken * tokens;
        if (bytesOfToken == UNLIMITED
                || 3L * text.length() <= room) { // a character has up to three bytes
            return false;
        }
        long bytes = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (countsBlanks || !isBlank(c)) {
                bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
            }
        }
        return bytes > room;
    }

    private static boolean isBlank(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }
}

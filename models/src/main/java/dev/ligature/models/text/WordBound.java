package dev.ligature.models.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How few tokens the words of a text can become, where bytes tell nothing: a tokenizer that drops
 * blanks, and makes one token of any word that it does not know, still makes a token of each word.
 * Words are counted as far as they certainly are some: what lies between blanks and has a letter or
 * a digit that no normalizer leaves out.
 *
 * @param wordsOfToken the most words that one token covers; 0 if that is not known
 * @param splitsPunctuation whether a mark of ASCII is a word of its own
 * @param splitsHan whether a Chinese character is a word of its own
 * @param linesEnd whether words end at tabs and line ends too, not at spaces alone
 * @param ofAscii whether only letters and digits of ASCII certainly stay
 */
record WordBound(
        int wordsOfToken,
        boolean splitsPunctuation,
        boolean splitsHan,
        boolean linesEnd,
        boolean ofAscii) {
    /** Of a tokenizer of which it is not known that it makes a token of each word. */
    static final WordBound NONE = new WordBound(0, false, false, false, false);

    private static final Set<String> MODELS = Set.of("WordPiece", "Unigram"); // know all words

    private static final Set<String> CHARACTERWISE =
            Set.of(
                    "BertNormalizer",
                    "Lowercase",
                    "NFC",
                    "NFD",
                    "NFKC",
                    "NFKD",
                    "Nmt",
                    "Precompiled",
                    "Strip",
                    "StripAccents");

    private static final Set<String> AT_ALL_BLANKS =
            Set.of("BertPreTokenizer", "Whitespace", "WhitespaceSplit");

    private static final Set<String> SPLIT_MORE = Set.of("Digits", "Punctuation");

    /**
     * Returns the bound of a tokenizer.
     *
     * @param model the type of its model
     * @param added the texts of the added tokens, which may have several words
     * @param normalizer the member of that name
     * @param splitter the member {@code pre_tokenizer}
     */
    static WordBound of(
            String model, Collection<String> added, JsonElement normalizer, JsonElement splitter) {
        Set<String> splits = Parts.of(splitter, "pretokenizers").types();
        Parts normalizing = Parts.of(normalizer, "normalizers");
        boolean atAllBlanks = splits.stream().anyMatch(AT_ALL_BLANKS::contains);
        boolean known =
                MODELS.contains(model)
                        && keepsWords(normalizing)
                        && splits.stream().allMatch(WordBound::isKnown)
                        && (atAllBlanks || splits.contains("Metaspace"))
                        && !isWithoutSplit(splitter);
        if (!known) {
            return NONE;
        }
        Set<String> normalizes = normalizing.types();
        boolean rewrites = normalizes.contains("Precompiled") || normalizes.contains("Replace");
        WordBound one =
                new WordBound(
                        1,
                        splits.contains("BertPreTokenizer") && !rewrites,
                        normalizing.isSet("handle_chinese_chars") && !rewrites,
                        atAllBlanks,
                        rewrites);
        int most = 1;
        for (String token : added) {
            most = Math.max(most, one.parts(token));
        }
        return new WordBound(most, one.splitsPunctuation, one.splitsHan, one.linesEnd, one.ofAscii);
    }

    private static boolean isKnown(String splitter) {
        return AT_ALL_BLANKS.contains(splitter)
                || SPLIT_MORE.contains(splitter)
                || splitter.equals("Metaspace");
    }

    private static boolean keepsWords(Parts normalizing) {
        for (JsonObject part : normalizing.parts()) {
            String type = Parts.text(part, "type");
            if (!CHARACTERWISE.contains(type) && !(type.equals("Replace") && joinsBlanks(part))) {
                return false;
            }
        }
        return true;
    }

    /** Several spaces to one, as after the character maps of SentencePiece. */
    private static boolean joinsBlanks(JsonObject replace) {
        return replace.get("pattern") instanceof JsonObject pattern
                && Parts.text(pattern, "Regex").equals(" {2,}")
                && Set.of(" ", "\u2581").contains(Parts.text(replace, "content"));
    }

    /** Metaspace may mark the beginnings of words without splitting there. */
    private static boolean isWithoutSplit(JsonElement splitter) {
        return Parts.of(splitter, "pretokenizers").parts().stream()
                .anyMatch(
                        part ->
                                part.get("split") instanceof JsonPrimitive split
                                        && !split.getAsBoolean());
    }

    /** The objects that a member consists of: itself, or those in a sequence. */
    private record Parts(Collection<JsonObject> parts) {
        static Parts of(JsonElement member, String list) {
            Collection<JsonObject> parts = new ArrayList<>();
            collect(member, list, parts);
            return new Parts(parts);
        }

        private static void collect(JsonElement member, String list, Collection<JsonObject> parts) {
            if (!(member instanceof JsonObject fields)) {
                return; // null
            }
            if (text(fields, "type").equals("Sequence")
                    && fields.get(list) instanceof JsonArray inside) {
                inside.forEach(each -> collect(each, list, parts));
            } else {
                parts.add(fields);
            }
        }

        Set<String> types() {
            return parts.stream().map(part -> text(part, "type")).collect(Collectors.toSet());
        }

        boolean isSet(String field) {
            return parts.stream()
                    .anyMatch(
                            part ->
                                    part.get(field) instanceof JsonPrimitive value
                                            && value.getAsBoolean());
        }

        static String text(JsonObject fields, String name) {
            return fields.get(name) instanceof JsonPrimitive text ? text.getAsString() : "";
        }
    }

    /**
     * Returns whether a text certainly has more tokens than a number. In doubt it does not.
     *
     * @param text the text
     * @param tokens the number
     */
    boolean isExceeded(String text, long tokens) {
        long room = wordsOfToken * tokens;
        if (wordsOfToken == 0 || text.length() <= room) {
            return false;
        }
        long words = 0;
        boolean inside = false;
        for (int i = 0; i < text.length() && words <= room; i++) {
            char c = text.charAt(i);
            if (isEnd(c)) {
                inside = false;
            } else if (isAlone(c)) {
                words++;
                inside = false;
            } else if (!inside && stays(c)) {
                words++;
                inside = true;
            }
        }
        return words > room;
    }

    /** Returns how many words a text has at most. */
    private int parts(String text) {
        int parts = 0;
        boolean inside = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean starts = isAlone(c) || (!isEnd(c) && !inside);
            parts += starts ? 1 : 0;
            inside = !isEnd(c) && !isAlone(c);
        }
        return parts;
    }

    private boolean isEnd(char c) {
        return c == ' ' || (linesEnd && (c == '\n' || c == '\t' || c == '\r'));
    }

    private boolean isAlone(char c) {
        return (splitsPunctuation && isMark(c)) || (splitsHan && isHan(c));
    }

    private static boolean isMark(char c) {
        return c > ' ' && c < 0x7f && !isPlain(c);
    }

    /** Those that tokenizers of all versions split. */
    private static boolean isHan(char c) {
        return c >= 0x4e00 && c <= 0x9fa5;
    }

    private static boolean isPlain(char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }

    /**
     * Returns whether it certainly stays in a text; of letters only those that all versions know.
     */
    private boolean stays(char c) {
        return isPlain(c) || (!ofAscii && isOldScript(c) && Character.isLetterOrDigit(c));
    }

    /** Latin, Greek and Cyrillic; Kana; Han; Hangul. */
    private static boolean isOldScript(char c) {
        return c < 0x528
                || (c >= 0x3041 && c <= 0x30fe)
                || isHan(c)
                || (c >= 0xac00 && c <= 0xd7a3);
    }
}

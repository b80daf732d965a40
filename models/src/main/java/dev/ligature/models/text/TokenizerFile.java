package dev.ligature.models.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.ligature.models.internal.ModelMessage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a {@code tokenizer.json} says of its tokens, which the native tokenizer does not tell. The
 * file is read as a stream, since those of large vocabularies have tens of megabytes.
 *
 * @param modelType the kind of model: BPE, WordPiece, Unigram or WordLevel; empty if the file does
 *     not say
 * @param vocabularySize one more than the largest token id
 * @param addedTokens the ids of the tokens that were added to the model's, by their text
 * @param specialIds the ids of the added tokens that decoding can leave out
 * @param byteIds the ids of the tokens that stand for one byte of a character, {@code <0x00>} to
 *     {@code <0xFF>}; empty if the decoder does not join bytes
 * @param bound how few tokens a text can become
 */
public record TokenizerFile(
        String modelType,
        int vocabularySize,
        Map<String, Integer> addedTokens,
        Set<Integer> specialIds,
        Set<Integer> byteIds,
        TokenBound bound) {
    /** Copies the collections. */
    public TokenizerFile {
        addedTokens = Map.copyOf(addedTokens);
        specialIds = Set.copyOf(specialIds);
        byteIds = Set.copyOf(byteIds);
    }

    /**
     * Reads a file.
     *
     * @param file the {@code tokenizer.json}
     * @throws IOException if it cannot be read or is not a tokenizer
     */
    public static TokenizerFile read(Path file) throws IOException {
        try (JsonReader json = new JsonReader(Files.newBufferedReader(file))) {
            return new Parser(json).read();
        } catch (JsonParseException
                | IllegalStateException
                | MalformedJsonException
                | EOFException
                | NumberFormatException e) { // Gson's ways to say that a member is not as expected
            throw ModelMessage.TOKENIZER_DAMAGED.fileErrorFrom(
                    e, file, String.valueOf(e.getMessage()));
        }
    }

    /**
     * Returns the id of an added token.
     *
     * @param text the token's text
     */
    public OptionalInt addedToken(String text) {
        Integer id = addedTokens.get(text);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Collects what the file says, member by member. */
    private static final class Parser {
        private final JsonReader json;
        private final Map<String, Integer> added = new TreeMap<>();
        private final Set<Integer> specials = new HashSet<>();
        private final Set<Integer> bytes = new HashSet<>();
        private String type = "";
        private boolean hasVocabulary;
        private boolean joinsBytes;
        private int largest = -1;
        private int longest; // bytes of a token
        private int ofByteLevel; // tokens that stand for a byte in the alphabet of byte-level BPE
        private boolean fallsBack;
        private boolean strips;
        private JsonElement normalizer = JsonNull.INSTANCE;
        private JsonElement splitter = JsonNull.INSTANCE;

        Parser(JsonReader json) {
            this.json = json;
        }

        TokenizerFile read() throws IOException {
            json.beginObject();
            while (json.hasNext()) {
                switch (json.nextName()) {
                    case "added_tokens" -> addedTokens();
                    case "decoder" -> decoder();
                    case "model" -> model();
                    case "normalizer" -> normalizer = JsonParser.parseReader(json);
                    case "pre_tokenizer" -> splitter = JsonParser.parseReader(json);
                    default -> json.skipValue();
                }
            }
            json.endObject();
            if (!hasVocabulary) {
                throw new JsonParseException("the member model.vocab is missing");
            }
            return new TokenizerFile(
                    type, largest + 1, added, specials, joinsBytes ? bytes : Set.of(), bound());
        }

        private TokenBound bound() {
            boolean covers =
                    TokenBound.usesByteLevel(splitter)
                            ? TokenBound.isAllBytes(ofByteLevel)
                            : fallsBack && TokenBound.isAllBytes(bytes.size());
            added.keySet().forEach(this::measure);
            WordBound words = WordBound.of(type, added.keySet(), normalizer, splitter);
            return TokenBound.of(longest, covers, strips, normalizer, splitter, words);
        }

        private void measure(String token) {
            longest = Math.max(longest, token.getBytes(StandardCharsets.UTF_8).length);
        }

        private void addedTokens() throws IOException {
            json.beginArray();
            while (json.hasNext()) {
                String content = "";
                int id = -1;
                boolean special = false;
                json.beginObject();
                while (json.hasNext()) {
                    switch (json.nextName()) {
                        case "id" -> id = json.nextInt();
                        case "content" -> content = json.nextString();
                        case "special" -> special = json.nextBoolean();
                        case "lstrip", "rstrip" -> strips |= json.nextBoolean();
                        default -> json.skipValue();
                    }
                }
                json.endObject();
                if (id < 0) {
                    throw new JsonParseException("an added token has no id");
                }
                added.put(content, id);
                largest = Math.max(largest, id);
                if (special) {
                    specials.add(id);
                }
            }
            json.endArray();
        }

        /** A decoder is an object with a type, or null; one of type Sequence holds others. */
        private void decoder() throws IOException {
            if (json.peek() != JsonToken.BEGIN_OBJECT) {
                json.skipValue();
                return;
            }
            json.beginObject();
            while (json.hasNext()) {
                switch (json.nextName()) {
                    case "type" -> joinsBytes |= json.nextString().equals("ByteFallback");
                    case "decoders" -> {
                        json.beginArray();
                        while (json.hasNext()) {
                            decoder();
                        }
                        json.endArray();
                    }
                    default -> json.skipValue();
                }
            }
            json.endObject();
        }

        private void model() throws IOException {
            json.beginObject();
            while (json.hasNext()) {
                switch (json.nextName()) {
                    case "type" -> type = json.nextString();
                    case "vocab" -> vocabulary();
                    case "byte_fallback" -> fallsBack = json.nextBoolean();
                    default -> json.skipValue();
                }
            }
            json.endObject();
        }

        /** An object from tokens to ids or, of Unigram, a list of [token, score] by id. */
        private void vocabulary() throws IOException {
            hasVocabulary = true;
            if (json.peek() == JsonToken.BEGIN_ARRAY) {
                json.beginArray();
                for (int id = 0; json.hasNext(); id++) {
                    json.beginArray();
                    token(json.nextString(), id);
                    json.skipValue(); // the score
                    json.endArray();
                }
                json.endArray();
                return;
            }
            json.beginObject();
            while (json.hasNext()) {
                token(json.nextName(), json.nextInt());
            }
            json.endObject();
        }

        private void token(String text, int id) {
            largest = Math.max(largest, id);
            measure(text);
            if (text.length() == 1 && TokenBound.isOfByteLevel(text.charAt(0))) {
                ofByteLevel++;
            }
            if (text.length() == 6 && text.startsWith("<0x") && text.endsWith(">")) {
                bytes.add(id);
            }
        }
    }
}

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.models.text.TextStream;
import dev.ligature.models.text.TextTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares Ligature's tokenizer with what check_tokenizers.py wrote of Transformers': {@code
 * TokenizerCheck.java DIRECTORY}, which has tokenizer.json and texts.jsonl. Prints how many lines of
 * each kind agree, and the first that does not.
 */
final class TokenizerCheck {
    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Map<String, int[]> counts = new TreeMap<>(); // all lines of a kind, and those that agree
        String first = "";
        try (TextTokenizer tokenizer = TextTokenizer.open(directory.resolve("tokenizer.json"))) {
            for (String line : Files.readAllLines(directory.resolve("texts.jsonl"))) {
                JsonObject expected = JsonParser.parseString(line).getAsJsonObject();
                String differs = difference(tokenizer, expected);
                int[] count = counts.computeIfAbsent(expected.get("kind").getAsString(), k -> new int[2]);
                count[0]++;
                count[1] += differs.isEmpty() ? 1 : 0;
                first = first.isEmpty() && !differs.isEmpty() ? differs + " in " + line : first;
            }
        }
        StringBuilder found = new StringBuilder();
        counts.forEach((kind, n) -> found.append(", ").append(n[1]).append(" of ").append(n[0]).append(' ').append(kind));
        System.out.println(found.substring(2));
        if (!first.isEmpty()) {
            System.out.println(first);
            System.exit(1);
        }
    }

    private static String difference(TextTokenizer tokenizer, JsonObject expected) {
        if (expected.has("prompt")) {
            long[] prompt = ids(expected, "prompt");
            long[] added = ids(expected, "added");
            TextStream stream = new TextStream(tokenizer, prompt);
            StringBuilder streamed = new StringBuilder();
            for (long id : added) {
                streamed.append(stream.add(id));
            }
            streamed.append(stream.finish());
            return text("streamed", expected, "continuation", streamed.toString())
                    + text("at once", expected, "continuation", tokenizer.continuation(prompt, added));
        }
        String text = expected.get("text").getAsString();
        long[] ids = ids(expected, "ids");
        return tokens("encode", ids, tokenizer.encode(text))
                + (expected.has("prompted") ? tokens("encodePrompt", ids(expected, "prompted"), tokenizer.encodePrompt(text)) : "")
                + text("decode", expected, "decoded", tokenizer.decode(ids));
    }

    private static String tokens(String what, long[] right, long[] ours) {
        return Arrays.equals(right, ours) ? "" : what + " gives " + Arrays.toString(ours) + "; ";
    }

    private static String text(String what, JsonObject expected, String field, String ours) {
        return expected.get(field).getAsString().equals(ours) ? "" : what + " gives \"" + ours + "\"; ";
    }

    private static long[] ids(JsonObject expected, String field) {
        JsonArray array = expected.getAsJsonArray(field);
        long[] ids = new long[array.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = array.get(i).getAsLong();
        }
        return ids;
    }
}

package dev.ligature.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Damages JSON objects: their members, what a member holds, and the text itself. The same seed
 * gives the same texts.
 */
public final class HostileJson {
    private static final List<String> VALUES =
            List.of(
                    "null",
                    "true",
                    "false",
                    "0",
                    "-1",
                    "1.5",
                    "1e400",
                    "-1e400",
                    "1e-400",
                    "1e999999999",
                    "1E-999999999",
                    "2147483648",
                    "9223372036854775808",
                    "NaN",
                    "-Infinity",
                    "0x10",
                    "08",
                    "\"\"",
                    "\" \"",
                    "\"7\"",
                    "\"\\u0000\"",
                    "\"\\ud800\"",
                    "\"../../etc/passwd\"",
                    "\"/dev/zero\"",
                    "\"C:\\\\x\"",
                    "\"a/b\"",
                    "\"../model.safetensors\"",
                    "\"a\\u0000.safetensors\"",
                    "\"all-linear\"",
                    "\"(a+)+$\"",
                    "\"(.*.*)*!\"",
                    "\"((((\"",
                    "\"[\"",
                    "\".*\"",
                    "\"(?P<n>x)(?P=n)\"",
                    "\"a{999999999}\"",
                    "[]",
                    "[null]",
                    "[[\"a\"]]",
                    "[1, \"a\"]",
                    "[-1]",
                    "[\"q_proj\", \"q_proj\"]",
                    "{}",
                    "{\"\": 1}",
                    "{\"q_proj\": 0}",
                    "{\"a\": 1, \"a\": 2}",
                    "{\"(a+)+$\": 3}",
                    "[",
                    "{",
                    "}",
                    "\"",
                    "'a'",
                    "// a\n1",
                    "");

    private static final List<String> NAMES =
            List.of(
                    "",
                    "__metadata__",
                    "__proto__",
                    "..",
                    "../../../etc/passwd",
                    "/etc/passwd",
                    "a/b",
                    "a\\\\b",
                    "C:",
                    "a\\u0000b",
                    "\\ud800",
                    "\\n",
                    "\\u2028",
                    "base_model.model.lm_head.lora_A.weight",
                    "base_model.model.lm_head.lora_A.default.weight",
                    "base_model.model.lm_head.weight",
                    "r",
                    "peft_type");

    private final Random random;
    private final int largest;

    /**
     * @param largest the most levels, digits or elements of one value
     */
    HostileJson(Random random, int largest) {
        this.random = random;
        this.largest = largest;
    }

    /** Returns the members of an object with their values as texts. */
    public static List<Map.Entry<String, String>> members(JsonObject object) {
        List<Map.Entry<String, String>> members = new ArrayList<>();
        for (Map.Entry<String, JsonElement> member : object.entrySet()) {
            members.add(Map.entry(member.getKey(), member.getValue().toString()));
        }
        return members;
    }

    /** Returns the text of members; the keys are written as they are, escapes included. */
    public static String text(List<Map.Entry<String, String>> members) {
        StringBuilder text = new StringBuilder("{");
        for (Map.Entry<String, String> member : members) {
            text.append(text.length() > 1 ? "," : "");
            text.append('"').append(member.getKey()).append("\":").append(member.getValue());
        }
        return text.append('}').toString();
    }

    /** Returns an object with some of its members damaged. */
    public String damagedObject(JsonObject object) {
        List<Map.Entry<String, String>> members = members(object);
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            damage(members);
        }
        String text = text(members);
        return random.nextInt(3) == 0 ? damagedText(text) : text;
    }

    private void damage(List<Map.Entry<String, String>> members) {
        int at = members.isEmpty() ? -1 : random.nextInt(members.size());
        switch (at < 0 ? 4 : random.nextInt(6)) {
            case 0, 1 -> members.set(at, Map.entry(members.get(at).getKey(), value()));
            case 2 -> members.remove(at);
            case 3 -> members.add(Map.entry(members.get(at).getKey(), members.get(at).getValue()));
            case 4 -> members.add(Map.entry(name(), value()));
            default -> members.set(at, Map.entry(name(), members.get(at).getValue()));
        }
    }

    /** Returns a text that is cut, changed or has something put in. */
    public String damagedText(String text) {
        if (text.isEmpty()) {
            return name();
        }
        int at = random.nextInt(text.length());
        return switch (random.nextInt(5)) {
            case 0 -> text.substring(0, at);
            case 1 -> text.substring(0, at) + text.substring(at + 1);
            case 2 -> text.substring(0, at) + (char) random.nextInt(256) + text.substring(at);
            case 3 -> text.substring(0, at) + value() + text.substring(at);
            default -> text + value();
        };
    }

    /** Returns a value that no program would write. */
    public String value() {
        return switch (random.nextInt(24)) {
            case 0 -> "[".repeat(size());
            case 1 -> "[".repeat(20) + "]".repeat(20);
            case 2 -> "{\"a\":".repeat(size());
            case 3 -> "9".repeat(size());
            case 4 -> "1." + "0".repeat(size());
            case 5 -> "\"" + "a".repeat(size()) + "\"";
            case 6 -> "[\"a\"" + ",\"a\"".repeat(size() / 4) + "]";
            case 7 -> objectOfMany();
            default -> VALUES.get(random.nextInt(VALUES.size()));
        };
    }

    private String objectOfMany() {
        StringBuilder text = new StringBuilder("{\"a\":1");
        int count = size() / 8;
        for (int i = 0; i < count; i++) {
            text.append(",\"a").append(i).append("\":1");
        }
        return text.append('}').toString();
    }

    /** Returns a name that no program would write, as it stands between quotes. */
    public String name() {
        return random.nextInt(12) == 0
                ? "n".repeat(size())
                : NAMES.get(random.nextInt(NAMES.size()));
    }

    /** Returns a number up to the largest, mostly a small one. */
    private int size() {
        return 1 + random.nextInt(random.nextInt(20) == 0 ? largest : 1 + largest / 500);
    }
}

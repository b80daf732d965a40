package dev.ligature.models.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds calls of functions in a growing text: {@code <tool_call>{"name": …, "arguments":
 * {…}}</tool_call>}, as Qwen and Hermes write them, and a text that is nothing but {@code {"name":
 * …, "parameters": {…}}}, as Llama 3 does, perhaps several with semicolons between them. What is no
 * call after all stays text. The end of what is there is held back as long as a call may begin in
 * it.
 */
public final class ToolCallReader {
    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";
    private static final String PYTHON = "<|python_tag|>";
    private static final int LONGEST_CALL = 1 << 20;

    private final Set<String> names;
    private final StringBuilder held = new StringBuilder();
    private boolean isBlank = true; // nothing but blanks so far
    private boolean isJson; // the text began like a call of Llama's
    private boolean hasCalls;

    /**
     * What was found.
     *
     * @param text before the calls
     * @param calls those that are complete
     */
    public record Found(String text, List<ToolCall> calls) {}

    /**
     * Creates a reader.
     *
     * @param names of the functions that the model may call
     */
    public ToolCallReader(Set<String> names) {
        this.names = Set.copyOf(names);
    }

    /**
     * Adds a piece and returns what is certain by now.
     *
     * @param piece what the text goes on with
     */
    public Found add(String piece) {
        held.append(piece);
        StringBuilder text = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        while (step(text, calls)) {
            // As long as there is more that is certain.
        }
        return new Found(text.toString(), calls);
    }

    private boolean step(StringBuilder text, List<ToolCall> calls) {
        if (isBlank) {
            String begun = held.toString().stripLeading();
            if (begun.isEmpty() || (PYTHON.startsWith(begun) && !begun.equals(PYTHON))) {
                return false;
            }
            isJson = begun.startsWith("{") || begun.startsWith(PYTHON);
            isBlank = false;
        }
        if (isJson) {
            return false; // until the end
        }
        int open = held.indexOf(OPEN);
        if (open < 0) {
            give(certain(), text);
            return false;
        }
        int close = held.indexOf(CLOSE, open);
        if (close < 0 && held.length() - open < LONGEST_CALL) {
            give(strippedEnd(open), text);
            return false;
        }
        int end = close < 0 ? held.length() : close + CLOSE.length();
        Optional<ToolCall> call =
                close < 0
                        ? Optional.empty()
                        : ToolCall.read(held.substring(open + OPEN.length(), close));
        if (call.isPresent()) {
            give(strippedEnd(open), text);
            held.delete(0, held.indexOf(CLOSE) + CLOSE.length());
            calls.add(call.get());
            hasCalls = true;
        } else {
            give(end, text);
        }
        return held.length() > 0;
    }

    /** Returns where blanks at the end begin that may be before a call. */
    private int strippedEnd(int end) {
        int at = end;
        while (at > 0 && Character.isWhitespace(held.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    /** Returns the length of what no call can begin in. */
    private int certain() {
        int end = held.length();
        for (int n = Math.min(OPEN.length() - 1, end); n > 0; n--) {
            if (OPEN.startsWith(held.substring(end - n))) {
                return strippedEnd(end - n);
            }
        }
        return strippedEnd(end);
    }

    private void give(int length, StringBuilder text) {
        text.append(held, 0, length);
        held.delete(0, length);
    }

    /** Returns what was held back, at the end of the text. */
    public Found finish() {
        String rest = hasCalls ? held.toString().stripTrailing() : held.toString();
        held.setLength(0);
        List<ToolCall> calls = isJson ? bare(rest) : List.of();
        if (calls.isEmpty() && rest.stripLeading().startsWith(OPEN)) { // that nothing closed
            String inside = rest.stripLeading().substring(OPEN.length());
            calls = ToolCall.read(inside).map(List::of).orElse(List.of());
        }
        return new Found(calls.isEmpty() ? rest : "", calls);
    }

    /** Returns the calls of a text that is nothing else; none if it is. */
    private List<ToolCall> bare(String whole) {
        String left = whole.strip();
        if (left.startsWith(PYTHON)) {
            left = left.substring(PYTHON.length()).strip();
        }
        List<ToolCall> calls = new ArrayList<>();
        while (!left.isEmpty()) {
            int end = objectEnd(left);
            Optional<ToolCall> call = ToolCall.read(left.substring(0, end));
            if (call.isEmpty() || !names.contains(call.get().name())) {
                return List.of();
            }
            calls.add(call.get());
            String rest = left.substring(end).strip();
            if (!rest.isEmpty() && !rest.startsWith(";")) {
                return List.of();
            }
            left = rest.isEmpty() ? "" : rest.substring(1).strip();
        }
        return calls;
    }

    /** Returns where the object ends that a text begins with. */
    private static int objectEnd(String text) {
        int depth = 0;
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                if (c == '\\') {
                    i++;
                } else {
                    quoted = c != '"';
                }
            } else if (c == '"') {
                quoted = true;
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return i + 1;
            }
        }
        return text.length();
    }
}

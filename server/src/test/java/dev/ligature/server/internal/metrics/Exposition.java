package dev.ligature.server.internal.metrics;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Numbers in Prometheus' text format, read strictly as its documentation describes it.
 *
 * @param values by name and, in braces, sorted labels with their unescaped values
 * @param types of the families
 */
public record Exposition(Map<String, Double> values, Map<String, String> types) {
    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
    private static final Pattern LABEL =
            Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\[\\\\\"n])*)\"(?:,|$)");

    /** Reads a text; whatever is not of the format is an error. */
    public static Exposition read(String text) {
        if (!text.endsWith("\n")) {
            throw new AssertionError("the last line has no end");
        }
        Map<String, Double> values = new LinkedHashMap<>();
        Map<String, String> types = new HashMap<>();
        Set<String> helps = new HashSet<>();
        for (String line : text.split("\n", -1)) {
            if (line.isEmpty()) {
                continue;
            }
            String[] words = line.split(" ", 4);
            if (words[0].equals("#") && words[1].equals("TYPE")) {
                require(types.put(words[2], words[3]) == null, line);
            } else if (words[0].equals("#") && words[1].equals("HELP")) {
                require(helps.add(words[2]), line);
            } else {
                sample(line, values, types);
            }
        }
        return new Exposition(values, types);
    }

    private static void sample(String line, Map<String, Double> values, Map<String, String> types) {
        Matcher sample = SAMPLE.matcher(line);
        require(sample.matches(), line);
        String name = sample.group(1);
        String family = name.replaceFirst("_(bucket|sum|count)$", "");
        require(types.containsKey(name) || types.containsKey(family), line);
        Map<String, String> labels = new TreeMap<>();
        String given = sample.group(2) == null ? "" : sample.group(2);
        Matcher label = LABEL.matcher(given);
        int end = 0;
        while (label.find() && label.start() == end) {
            String value =
                    label.group(2).replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
            require(labels.put(label.group(1), value) == null, line);
            end = label.end();
        }
        require(end == given.length(), line);
        double value =
                sample.group(3).equals("+Inf")
                        ? Double.POSITIVE_INFINITY
                        : Double.parseDouble(sample.group(3));
        require(values.put(labels.isEmpty() ? name : name + labels, value) == null, line);
    }

    private static void require(boolean holds, String line) {
        if (!holds) {
            throw new AssertionError("not of the format: " + line);
        }
    }

    /** Returns a number, by its name and labels, such as {@code x{key=a}}. */
    public double value(String name) {
        Double value = values.get(name);
        if (value == null) {
            throw new AssertionError("no " + name + " in " + values.keySet());
        }
        return value;
    }
}

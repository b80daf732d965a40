package dev.ligature.internal.json;

import dev.ligature.checkpoint.CheckpointException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The fields of a configuration file, read one by one with their types checked. */
public final class ConfigFields {
    /** More than any model has modules; each entry is compared with each module. */
    private static final int MOST_ENTRIES = 100_000;

    private final Map<String, @Nullable Object> values;
    private final String origin;

    public ConfigFields(Map<String, @Nullable Object> values, String origin) {
        this.values = values;
        this.origin = origin;
    }

    /** Returns whether a field is there and not null. */
    public boolean has(String field) {
        return values.get(field) != null;
    }

    /** Returns the value of a field as it was read, or null where the field is absent. */
    public @Nullable Object value(String field) {
        return values.get(field);
    }

    /** Returns the names of the fields, in the order of the file. */
    public Set<String> names() {
        return values.keySet();
    }

    /** Returns a text, or null where the field is absent or null. */
    public @Nullable String text(String field) throws CheckpointException {
        Object value = values.get(field);
        if (value == null || value instanceof String) {
            return (String) value;
        }
        throw wrong(field, value, "a text");
    }

    /** Returns a truth value, or false where the field is absent. */
    public boolean flag(String field) throws CheckpointException {
        if (!values.containsKey(field)) {
            return false;
        }
        Object value = values.get(field);
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw wrong(field, value, "true or false");
    }

    /** Returns an integer of a field that is there. */
    public int integer(String field) throws CheckpointException {
        return integer(field, values.get(field));
    }

    /** Returns a number of a field that is there. */
    public double number(String field) throws CheckpointException {
        return number(field, values.get(field));
    }

    /** Returns texts of a field that is there; one text stands for a list of it. */
    public List<String> texts(String field) throws CheckpointException {
        Object value = values.get(field);
        if (value instanceof String text) {
            return text.isEmpty() ? List.of() : List.of(text);
        }
        if (!(value instanceof List<?> elements)) {
            throw wrong(field, value, "a text or a list of texts");
        }
        checkCount(field, elements.size(), MOST_ENTRIES);
        List<String> texts = new ArrayList<>();
        for (Object element : elements) {
            if (!(element instanceof String text)) {
                throw wrong(field, value, "a text or a list of texts");
            }
            texts.add(text);
        }
        return texts;
    }

    /** Returns integers of a field that is there; one integer stands for a list of it. */
    public List<Integer> integers(String field) throws CheckpointException {
        Object value = values.get(field);
        if (!(value instanceof List<?> elements)) {
            return List.of(integer(field, value));
        }
        return integers(field, elements);
    }

    /** Returns ranks by pattern, in the order of the file. */
    public Map<String, Integer> integersByKey(String field) throws CheckpointException {
        Map<String, Integer> integers = new LinkedHashMap<>();
        for (Map.Entry<String, ?> entry : members(field).entrySet()) {
            integers.put(entry.getKey(), integer(field + "." + entry.getKey(), entry.getValue()));
        }
        return integers;
    }

    /** Returns lists of integers by name, in the order of the file. */
    public Map<String, List<Integer>> integerListsByKey(String field) throws CheckpointException {
        Map<String, List<Integer>> lists = new LinkedHashMap<>();
        for (Map.Entry<String, ?> entry : members(field).entrySet()) {
            String name = field + "." + entry.getKey();
            if (!(entry.getValue() instanceof List<?> elements)) {
                throw wrong(name, entry.getValue(), "a list of whole numbers");
            }
            lists.put(entry.getKey(), integers(name, elements));
        }
        return lists;
    }

    private List<Integer> integers(String field, List<?> elements) throws CheckpointException {
        checkCount(field, elements.size(), MOST_ENTRIES);
        List<Integer> integers = new ArrayList<>();
        for (Object element : elements) {
            integers.add(integer(field, element));
        }
        return integers;
    }

    /** Returns numbers by pattern, in the order of the file. */
    public Map<String, Double> numbersByKey(String field) throws CheckpointException {
        Map<String, Double> numbers = new LinkedHashMap<>();
        for (Map.Entry<String, ?> entry : members(field).entrySet()) {
            numbers.put(entry.getKey(), number(field + "." + entry.getKey(), entry.getValue()));
        }
        return numbers;
    }

    /** Returns the members of a field that is there and an object. */
    public Map<String, @Nullable Object> members(String field) throws CheckpointException {
        Object value = values.get(field);
        if (!(value instanceof Map<?, ?> map)) {
            throw wrong(field, value, "an object");
        }
        checkCount(field, map.size(), MOST_ENTRIES);
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        map.forEach((key, member) -> members.put(String.valueOf(key), member));
        return members;
    }

    /** Checks that a list or an object has no more entries than are looked at. */
    public void checkCount(String field, int count, int most) throws CheckpointException {
        if (count > most) {
            throw new CheckpointException(
                    "AdapterConfigEntries",
                    origin
                            + ": "
                            + field
                            + " has "
                            + count
                            + " entries, and at most "
                            + most
                            + " are read. Use fewer, or a regular expression.");
        }
    }

    /** Returns the error for a value of the wrong type. */
    public CheckpointException wrong(String field, @Nullable Object value, String expected) {
        return new CheckpointException(
                "AdapterConfigType",
                origin
                        + ": "
                        + field
                        + " is "
                        + shown(value)
                        + ", not "
                        + expected
                        + ". Correct it.");
    }

    /** Returns a value as a short text. */
    public static String shown(@Nullable Object value) {
        String text = value instanceof String ? "'" + value + "'" : String.valueOf(value);
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }

    private int integer(String field, @Nullable Object value) throws CheckpointException {
        if (value instanceof BigDecimal number) {
            try {
                return number.intValueExact();
            } catch (ArithmeticException e) {
                throw wrong(field, value, "a whole number of at most " + Integer.MAX_VALUE);
            }
        }
        throw wrong(field, value, "a whole number");
    }

    private double number(String field, @Nullable Object value) throws CheckpointException {
        if (value instanceof BigDecimal number) {
            return number.doubleValue();
        }
        throw wrong(field, value, "a number");
    }
}

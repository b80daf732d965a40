package dev.ligature.internal.json;

import java.io.Reader;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON object by type; a value of another type is an error that names the field. A
 * method without a default requires the field; the others take null for absent.
 *
 * @param <E> the class of the errors
 */
public final class JsonFields<E extends Exception> {
    private final Map<String, @Nullable Object> members;
    private final String parent;
    private final JsonErrors<E> errors;

    private JsonFields(Map<String, @Nullable Object> members, String parent, JsonErrors<E> errors) {
        this.members = members;
        this.parent = parent;
        this.errors = errors;
    }

    /** Reads a document that is one object. */
    public static <E extends Exception> JsonFields<E> parse(
            Reader text, JsonLimits limits, JsonErrors<E> errors) throws E {
        JsonTree tree = new JsonTree(text, limits);
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        while (tree.next(members, errors) != null) {
            // The next one, until there is none.
        }
        return new JsonFields<>(members, "", errors);
    }

    /** Takes the members of a document. */
    @FunctionalInterface
    public interface Members<E extends Exception> {
        /**
         * Takes the next member.
         *
         * @param name its name
         * @param fields only this one
         */
        void take(String name, JsonFields<E> fields) throws E;
    }

    /** Reads a large document, of which no more than one member is kept at a time. */
    public static <E extends Exception> void forEach(
            Reader text, JsonLimits limits, JsonErrors<E> errors, Members<E> members) throws E {
        JsonTree tree = new JsonTree(text, limits);
        Map<String, @Nullable Object> one = new LinkedHashMap<>();
        for (String name = tree.next(one, errors); name != null; name = tree.next(one, errors)) {
            members.take(name, new JsonFields<>(one, "", errors));
            one.clear();
        }
    }

    /** Returns the names of the fields, in the order of the document. */
    public Set<String> names() {
        return members.keySet();
    }

    /** Returns whether a field is there and not null. */
    public boolean has(String name) {
        return members.get(name) != null;
    }

    /**
     * Returns a value as it was read: null, {@link Boolean}, {@link BigDecimal}, {@link String},
     * {@link List} or {@link Map}.
     */
    public @Nullable Object value(String name) {
        return members.get(name);
    }

    /** Returns the error of a value that must be something else. */
    public E wrong(String name, String expected) {
        return wrong(name, members.get(name), expected);
    }

    private E wrong(String name, @Nullable Object value, String expected) {
        return errors.wrong(field(name), value, expected);
    }

    /** Returns the field of a name, for messages. */
    public JsonField field(String name) {
        return new JsonField(parent, name);
    }

    /** Returns a text. */
    public String string(String name) throws E {
        return typed(name, String.class, "a text");
    }

    /** Returns a text, empty where it is absent. */
    public Optional<String> optionalString(String name) throws E {
        return has(name) ? Optional.of(string(name)) : Optional.empty();
    }

    /** Returns a truth value. */
    public boolean bool(String name) throws E {
        return typed(name, Boolean.class, "true or false");
    }

    /** Returns a truth value, or the default where it is absent. */
    public boolean bool(String name, boolean absent) throws E {
        return has(name) ? bool(name) : absent;
    }

    /** Returns a number that a double can hold. */
    public double number(String name) throws E {
        double number = typed(name, BigDecimal.class, "a number").doubleValue();
        if (Double.isInfinite(number)) {
            throw wrong(name, "a number that a double can hold");
        }
        return number;
    }

    /** Returns a number, or the default where it is absent. */
    public double number(String name, double absent) throws E {
        return has(name) ? number(name) : absent;
    }

    /** Returns a whole number. */
    public int integer(String name) throws E {
        return integer(name, members.get(name));
    }

    /** Returns a whole number, empty where it is absent. */
    public Optional<Integer> optionalInteger(String name) throws E {
        return has(name) ? Optional.of(integer(name)) : Optional.empty();
    }

    /** Returns a whole number within a range. */
    public long whole(String name, long least, long most) throws E {
        return whole(name, members.get(name), least, most);
    }

    /** Returns a list of natural numbers, which are written without fraction and exponent. */
    public List<Long> naturals(String name) throws E {
        List<Long> numbers = new ArrayList<>();
        for (Object element : elements(name, "a list of whole numbers")) {
            if (element instanceof BigDecimal number && number.scale() != 0) {
                throw wrong(name, element, "a plain whole number");
            }
            numbers.add(whole(name, element, 0, Long.MAX_VALUE));
        }
        return numbers;
    }

    /** Returns texts; one text stands for a list of it, an empty one for no text. */
    public List<String> strings(String name) throws E {
        Object value = members.get(name);
        if (value instanceof String text) {
            return text.isEmpty() ? List.of() : List.of(text);
        }
        List<String> strings = new ArrayList<>();
        for (Object element : elements(name, "a text or a list of texts")) {
            if (!(element instanceof String text)) {
                throw wrong(name, "a text or a list of texts");
            }
            strings.add(text);
        }
        return strings;
    }

    /** Returns whole numbers; one stands for a list of it. */
    public List<Integer> integers(String name) throws E {
        if (!(members.get(name) instanceof List<?> elements)) {
            return List.of(integer(name));
        }
        List<Integer> integers = new ArrayList<>();
        for (Object element : elements) {
            integers.add(integer(name, element));
        }
        return integers;
    }

    /** Returns the fields of an object. */
    @SuppressWarnings("unchecked") // the tree has no other maps
    public JsonFields<E> object(String name) throws E {
        Map<String, @Nullable Object> object = typed(name, Map.class, "an object");
        return new JsonFields<>(object, field(name).toString(), errors);
    }

    /** Returns the fields of an object, empty where it is absent. */
    public Optional<JsonFields<E>> optionalObject(String name) throws E {
        return has(name) ? Optional.of(object(name)) : Optional.empty();
    }

    private List<?> elements(String name, String expected) throws E {
        return typed(name, List.class, expected);
    }

    private <T> T typed(String name, Class<T> type, String expected) throws E {
        Object value = members.get(name);
        if (value == null || !type.isInstance(value)) {
            throw wrong(name, value, expected);
        }
        return type.cast(value);
    }

    private int integer(String name, @Nullable Object value) throws E {
        return (int)
                whole(
                        name,
                        value,
                        Integer.MIN_VALUE,
                        Integer.MAX_VALUE,
                        "a whole number of at most " + Integer.MAX_VALUE);
    }

    private long whole(String name, @Nullable Object value, long least, long most) throws E {
        return whole(name, value, least, most, "a whole number from " + least + " to " + most);
    }

    private long whole(String name, @Nullable Object value, long least, long most, String expected)
            throws E {
        if (value instanceof BigDecimal number
                && number.stripTrailingZeros().scale() <= 0
                && number.compareTo(BigDecimal.valueOf(least)) >= 0
                && number.compareTo(BigDecimal.valueOf(most)) <= 0) {
            return number.longValueExact();
        }
        throw wrong(name, value, expected);
    }

    /** Returns a value as a short text, for messages. */
    public static String shown(@Nullable Object value) {
        String text = value instanceof String ? "'" + value + "'" : String.valueOf(value);
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}

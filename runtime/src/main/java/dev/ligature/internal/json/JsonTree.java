package dev.ligature.internal.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON object strictly, one member of it at a time: nothing after the object, no name twice
 * in an object, and no value beyond the limits.
 */
final class JsonTree {
    private static final String ADVICE =
            "Use JsonReader.setStrictness(Strictness.LENIENT) to accept malformed JSON";

    private final JsonReader reader;
    private final JsonLimits limits;
    private final Set<String> names = new HashSet<>();

    JsonTree(Reader text, JsonLimits limits) {
        this.reader = new JsonReader(text);
        this.limits = limits;
        reader.setStrictness(Strictness.STRICT);
        reader.setNestingLimit(Integer.MAX_VALUE); // counted here, to name the field
    }

    /**
     * Makes an error when the document was refused. It is no IOException, which what the caller
     * throws may be.
     */
    private static final class Refusal extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient JsonField field;
        private final boolean twice;

        Refusal(JsonField field, boolean twice, String what) {
            super(what);
            this.field = field;
            this.twice = twice;
        }

        <E extends Exception> E error(JsonErrors<E> errors) {
            return twice
                    ? errors.duplicate(field)
                    : errors.beyond(field, String.valueOf(getMessage()));
        }
    }

    /** Reads the next member, and returns its name; null after the last one. */
    <E extends Exception> @Nullable String next(
            Map<String, @Nullable Object> into, JsonErrors<E> errors) throws E {
        try {
            return next(into);
        } catch (Refusal e) {
            throw e.error(errors);
        } catch (EOFException e) {
            throw errors.malformed("it ends too early", e);
        } catch (IOException | NumberFormatException | IllegalStateException e) {
            throw errors.malformed("it is not a JSON object (" + fault(e) + ")", e);
        }
    }

    private @Nullable String next(Map<String, @Nullable Object> into) throws IOException {
        if (names.isEmpty() && reader.getPath().equals("$")) {
            reader.beginObject();
        }
        if (reader.hasNext()) {
            String name = reader.nextName();
            JsonField field = new JsonField("", name);
            if (!names.add(name)) {
                throw new Refusal(field, true, "");
            }
            into.put(name, value(field, 2));
            return name;
        }
        reader.endObject();
        if (reader.peek() != JsonToken.END_DOCUMENT) {
            throw new IllegalStateException("something follows the object");
        }
        return null;
    }

    private @Nullable Object value(JsonField field, int depth) throws IOException {
        return switch (reader.peek()) {
            case BEGIN_OBJECT -> members(field, depth);
            case BEGIN_ARRAY -> elements(field, depth);
            case STRING -> reader.nextString();
            case NUMBER -> number(field);
            case BOOLEAN -> reader.nextBoolean();
            default -> {
                reader.nextNull();
                yield null;
            }
        };
    }

    private Map<String, @Nullable Object> members(JsonField field, int depth) throws IOException {
        checkDepth(field, depth);
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        String parent = field.toString();
        reader.beginObject();
        while (reader.hasNext()) {
            JsonField member = new JsonField(parent, reader.nextName());
            if (members.containsKey(member.name())) {
                throw new Refusal(member, true, "");
            }
            members.put(member.name(), value(member, depth + 1));
        }
        reader.endObject();
        return members;
    }

    private List<@Nullable Object> elements(JsonField field, int depth) throws IOException {
        checkDepth(field, depth);
        List<@Nullable Object> elements = new ArrayList<>();
        reader.beginArray();
        while (reader.hasNext()) {
            if (elements.size() == limits.elements()) {
                throw new Refusal(field, false, "has more than " + limits.elements() + " elements");
            }
            elements.add(value(field, depth + 1));
        }
        reader.endArray();
        return elements;
    }

    private void checkDepth(JsonField field, int depth) {
        if (depth > limits.depth()) {
            throw new Refusal(field, false, "is nested too deeply");
        }
    }

    private BigDecimal number(JsonField field) throws IOException {
        String digits = reader.nextString();
        if (digits.length() > 40) {
            throw new Refusal(field, false, "is a number of " + digits.length() + " characters");
        }
        // An exponent such as 1e999999999 is short to write and very long to compute with.
        BigDecimal number = new BigDecimal(digits.equals("-0") ? "-0.0" : digits);
        if (Math.abs((long) number.scale()) > 400) {
            throw new Refusal(field, false, "is " + digits + ", a number out of range");
        }
        return number;
    }

    /**
     * Returns what is wrong and where, without what Gson adds for programmers: the advice to be
     * lenient, and in a second line the address of a guide.
     */
    private static String fault(Exception error) {
        String message = String.valueOf(error.getMessage());
        int end = message.indexOf('\n');
        String first = end < 0 ? message : message.substring(0, end);
        String fault = first.replace(ADVICE, "malformed JSON");
        // A path ends with a dot where the name of a member is to follow.
        return fault.endsWith(".") ? fault.substring(0, fault.length() - 1) : fault;
    }
}

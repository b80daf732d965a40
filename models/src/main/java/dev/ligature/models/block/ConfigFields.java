package dev.ligature.models.block;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.json.JsonTree;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The fields of a config.json by type. A null counts as absent; a wrong type is an error. */
public final class ConfigFields {
    private final String origin;
    private final Map<String, ? extends @Nullable Object> fields;

    /**
     * @param origin the file, and the object in it, for messages
     */
    public ConfigFields(String origin, Map<String, ? extends @Nullable Object> fields) {
        this.origin = origin;
        this.fields = fields;
    }

    /**
     * Reads a file that is one JSON object.
     *
     * @param file the file
     * @throws IOException if it is missing, or not a JSON object
     */
    public static ConfigFields read(Path file) throws IOException {
        return new ConfigFields(file.toString(), JsonTree.read(file));
    }

    /**
     * Reads the config.json of a model.
     *
     * @param directory the directory of a Hugging Face checkpoint
     * @throws IOException if there is none, or it is not a JSON object
     */
    public static ConfigFields ofModel(Path directory) throws IOException {
        Path file = directory.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            throw ModelMessage.CONFIG_MISSING.fileError(directory);
        }
        return read(file);
    }

    /** Returns the file, and the object in it, for messages. */
    public String origin() {
        return origin;
    }

    /** Returns whether the field is there, even as a null. */
    public boolean names(String name) {
        return fields.containsKey(name);
    }

    public Iterable<String> names() {
        return fields.keySet();
    }

    public Optional<Object> value(String name) {
        return Optional.ofNullable(fields.get(name));
    }

    public Optional<String> string(String name) throws CheckpointException {
        return typed(name, String.class, "a string");
    }

    public boolean bool(String name, boolean absent) throws CheckpointException {
        return typed(name, Boolean.class, "true or false").orElse(absent);
    }

    public double number(String name, double absent) throws CheckpointException {
        double value =
                typed(name, BigDecimal.class, "a number")
                        .map(BigDecimal::doubleValue)
                        .orElse(absent);
        if (Double.isInfinite(value)) {
            throw wrongType(name, value, "a number that a double holds");
        }
        return value;
    }

    public Optional<Integer> integer(String name) throws CheckpointException {
        Optional<Object> value = value(name);
        return value.isEmpty() ? Optional.empty() : Optional.of(integer(name, value.get()));
    }

    public int required(String name) throws CheckpointException {
        Optional<Integer> value = integer(name);
        if (value.isEmpty()) {
            throw ModelMessage.FIELD_MISSING.fileError(origin, name);
        }
        return value.get();
    }

    /** Returns a field that is a whole number or a list of such. */
    public List<Integer> integers(String name) throws CheckpointException {
        Optional<Object> value = value(name);
        List<Integer> found = new ArrayList<>();
        if (value.isPresent() && value.get() instanceof List<?> list) {
            for (Object element : list) {
                found.add(integer(name, element == null ? "null" : element));
            }
        } else if (value.isPresent()) {
            found.add(integer(name, value.get()));
        }
        return found;
    }

    /** Returns a field that is an object. */
    @SuppressWarnings("unchecked") // JsonTree makes no other maps
    public Optional<ConfigFields> object(String name) throws CheckpointException {
        Optional<Map<String, Object>> found =
                typed(name, Map.class, "an object").map(map -> (Map<String, Object>) map);
        return found.map(map -> new ConfigFields(origin + ": " + name, map));
    }

    /** Returns the error of a field whose value the model does not implement. */
    public CheckpointException unsupported(String name, String wanted) {
        String value = value(name).map(ConfigFields::text).orElse("null");
        return ModelMessage.FIELD_UNSUPPORTED.fileError(origin, name, value, wanted);
    }

    /** Returns the error of two fields that should say the same. */
    public CheckpointException contradiction(
            String one, double first, String other, double second) {
        return ModelMessage.FIELDS_CONTRADICT.fileError(
                origin, one, BigDecimal.valueOf(first), other, BigDecimal.valueOf(second));
    }

    private int integer(String name, Object value) throws CheckpointException {
        if (value instanceof BigDecimal number) {
            try {
                return number.intValueExact();
            } catch (ArithmeticException e) {
                throw wrongType(name, value, "a whole number below 2³¹");
            }
        }
        throw wrongType(name, value, "a whole number");
    }

    private <T> Optional<T> typed(String name, Class<T> type, String wanted)
            throws CheckpointException {
        Optional<Object> value = value(name);
        if (value.isPresent() && !type.isInstance(value.get())) {
            throw wrongType(name, value.get(), wanted);
        }
        return value.map(type::cast);
    }

    private CheckpointException wrongType(String name, Object value, String wanted) {
        return ModelMessage.FIELD_TYPE.fileError(origin, name, text(value), wanted);
    }

    private static String text(Object value) {
        return value instanceof String ? "\"" + value + "\"" : value.toString();
    }
}

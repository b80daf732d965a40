package dev.ligature.models.block;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.files.HubCache;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonFile;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fields of a config.json by type. A null counts as absent; a wrong type is an error. The name
 * of a field of a nested object has that of the object before it in messages.
 */
public final class ConfigFields {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigFields.class);
    private static final String ANY_MODEL = "the model";

    private final String origin;
    private final JsonFields<CheckpointException> fields;
    private final String model;

    private ConfigFields(String origin, JsonFields<CheckpointException> fields, String model) {
        this.origin = origin;
        this.fields = fields;
        this.model = model;
    }

    /**
     * Reads a file that is one JSON object.
     *
     * @param file the file
     * @throws IOException if it is missing, or not a JSON object
     */
    public static ConfigFields read(Path file) throws IOException {
        return new ConfigFields(
                file.toString(), JsonFile.read(file, ModelMessage.FIELD_TYPE), ANY_MODEL);
    }

    /**
     * Reads a file that is one JSON array, as a field of an object.
     *
     * @param file the file
     * @param name the name of the field, for messages
     * @throws IOException if it is missing, or not JSON
     */
    public static ConfigFields readArray(Path file, String name) throws IOException {
        String object = "{\"" + name + "\": " + JsonFile.text(file) + "}";
        return new ConfigFields(
                file.toString(),
                JsonFile.parse(object, file.toString(), ModelMessage.FIELD_TYPE),
                ANY_MODEL);
    }

    /** Returns the fields as those of a model class, which messages name. */
    public ConfigFields of(String modelClass) {
        return new ConfigFields(origin, fields, modelClass);
    }

    /**
     * Reads the config.json of a model.
     *
     * @param directory the directory of a Hugging Face checkpoint, or its repository's folder in a
     *     hub's cache
     * @throws IOException if there is none, or it is not a JSON object
     */
    public static ConfigFields ofModel(Path directory) throws IOException {
        Path file = HubCache.snapshot(directory).resolve("config.json");
        if (!Files.isRegularFile(file)) {
            throw ModelMessage.CONFIG_MISSING.fileError(directory);
        }
        return read(file);
    }

    /** Returns the file, for messages. */
    public String origin() {
        return origin;
    }

    /** Returns whether the field is there, even as a null. */
    public boolean names(String name) {
        return fields.names().contains(name);
    }

    public Iterable<String> names() {
        return fields.names();
    }

    public Optional<Object> value(String name) {
        return Optional.ofNullable(fields.value(name));
    }

    public Optional<String> string(String name) throws CheckpointException {
        return fields.optionalString(name);
    }

    public boolean bool(String name, boolean absent) throws CheckpointException {
        return fields.bool(name, absent);
    }

    public double number(String name, double absent) throws CheckpointException {
        return fields.number(name, absent);
    }

    public Optional<Integer> integer(String name) throws CheckpointException {
        return fields.optionalInteger(name);
    }

    /** Returns a whole number that must be there. */
    public int required(String name) throws CheckpointException {
        requirePresent(name, "a whole number");
        return fields.integer(name);
    }

    /** Returns a number that must be there. */
    public double requiredNumber(String name) throws CheckpointException {
        requirePresent(name, "a number");
        return fields.number(name, 0);
    }

    private void requirePresent(String name, String what) throws CheckpointException {
        if (!fields.has(name)) {
            throw ModelMessage.FIELD_MISSING.fileError(origin, fields.field(name), what);
        }
    }

    /** Returns a field that is a whole number or a list of such, empty where it is absent. */
    public List<Integer> integers(String name) throws CheckpointException {
        return fields.has(name) ? fields.integers(name) : List.of();
    }

    /** Returns a field that is an object. */
    public Optional<ConfigFields> object(String name) throws CheckpointException {
        return fields.optionalObject(name).map(object -> new ConfigFields(origin, object, model));
    }

    /** Notes rates of dropout that are not 0: dropout is left out. */
    public void noteDropout(String... names) throws CheckpointException {
        List<String> rates = new ArrayList<>();
        for (String name : names) {
            double rate = number(name, 0);
            if (rate != 0) {
                rates.add(name + " is " + rate);
            }
        }
        if (!rates.isEmpty()) {
            LOG.warn(
                    "{}: {}: it is left out, also where adapters are trained",
                    origin,
                    String.join(", ", rates));
        }
    }

    /** Returns the error of a field whose value the model does not implement. */
    public CheckpointException unsupported(String name, String wanted) {
        return ModelMessage.FIELD_UNSUPPORTED.fileError(
                origin, fields.field(name), JsonFields.shown(fields.value(name)), model, wanted);
    }

    /** Refuses any value of a field but one, a boolean, string or {@link BigDecimal}. */
    public void only(String name, Object supported) throws CheckpointException {
        Optional<Object> value = value(name);
        if (value.isPresent() && !same(value.get(), supported)) {
            throw unsupported(name, supported.toString());
        }
    }

    /**
     * Refuses a second name of a field, which Transformers takes for the field itself, unless it
     * says the same.
     */
    public void secondName(String second, String name) throws CheckpointException {
        Optional<Object> value = value(second);
        if (value.isPresent() && (value(name).isEmpty() || !same(value.get(), value(name).get()))) {
            throw unsupported(second, "what " + name + " is");
        }
    }

    private static boolean same(Object value, Object supported) {
        return (value instanceof BigDecimal number && supported instanceof BigDecimal wanted)
                ? number.compareTo(wanted) == 0
                : value.equals(supported);
    }

    /** Refuses a list that has another entry than one of some. */
    public List<String> strings(String name, List<String> supported) throws CheckpointException {
        Object value = fields.value(name);
        if (!(value instanceof List<?> list) || !supported.containsAll(list)) {
            throw unsupported(name, "a list of " + String.join(" and ", supported));
        }
        return list.stream().map(String.class::cast).toList();
    }

    /** Returns the error of two fields that should say the same. */
    public CheckpointException contradiction(
            String one, double first, String other, double second) {
        return ModelMessage.FIELDS_CONTRADICT.fileError(
                origin, one, BigDecimal.valueOf(first), other, BigDecimal.valueOf(second));
    }
}

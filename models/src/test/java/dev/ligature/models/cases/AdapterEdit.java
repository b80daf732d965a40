package dev.ligature.models.cases;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * One change of an adapter or a base that leaves its files well-formed.
 *
 * @param operation what is done
 * @param arguments to what, as {@code interop/make_edits.py} and {@code make_base_edits.py} write
 *     them
 */
record AdapterEdit(String operation, List<JsonElement> arguments) {
    private static final Gson GSON = new GsonBuilder().serializeNulls().create();

    /** The names of the two files. */
    private record Names(String config, String weights) {}

    private static final Names ADAPTER =
            new Names("adapter_config.json", "adapter_model.safetensors");
    private static final Names BASE = new Names("config.json", "model.safetensors");

    /** A tensor as it is in a file, little-endian. */
    private static final class Stored {
        private final String dtype;
        private final List<Long> shape;
        private final byte[] data;

        Stored(String dtype, List<Long> shape, byte[] data) {
            this.dtype = dtype;
            this.shape = shape;
            this.data = data;
        }

        float[] floats() {
            float[] values = new float[data.length / Float.BYTES];
            littleEndian(data).asFloatBuffer().get(values);
            return values;
        }

        Stored with(float[] values, Long... size) {
            byte[] bytes = new byte[values.length * Float.BYTES];
            littleEndian(bytes).asFloatBuffer().put(values);
            return new Stored(dtype, List.of(size), bytes);
        }
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns the lines of a file of edits: each a case, an edit, and what became of it. */
    static List<JsonObject> lines(Path file) throws IOException {
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(
                                new GZIPInputStream(Files.newInputStream(file)),
                                StandardCharsets.UTF_8))) {
            return reader.lines()
                    .map(line -> JsonParser.parseString(line).getAsJsonObject())
                    .toList();
        }
    }

    static AdapterEdit of(JsonArray json) {
        List<JsonElement> all = json.asList();
        return new AdapterEdit(all.get(0).getAsString(), all.subList(1, all.size()));
    }

    private String text(int index) {
        return arguments.get(index).getAsString();
    }

    /** Writes the changed adapter to a directory. */
    void write(Path adapter, Path directory) throws IOException {
        write(adapter, directory, ADAPTER);
    }

    /** Writes the changed base to a directory. */
    void writeBase(Path base, Path directory) throws IOException {
        write(base, directory, BASE);
    }

    private void write(Path from, Path directory, Names names) throws IOException {
        JsonObject config =
                JsonParser.parseString(Files.readString(from.resolve(names.config)))
                        .getAsJsonObject();
        Map<String, Stored> tensors = read(from.resolve(names.weights));
        switch (operation) {
            case "remove" -> config.remove(text(0));
            case "set" -> config.add(text(0), arguments.get(1));
            case "rename-field" -> config.add(text(1), config.remove(text(0)));
            case "fields" -> {
                arguments
                        .get(1)
                        .getAsJsonArray()
                        .forEach(name -> config.remove(name.getAsString()));
                arguments.get(0).getAsJsonObject().asMap().forEach(config::add);
            }
            default -> tensors = edited(tensors);
        }
        Files.writeString(directory.resolve(names.config), GSON.toJson(config));
        write(tensors, directory.resolve(names.weights));
    }

    /** Returns whether the configuration is changed, and not the tensors. */
    boolean isOfConfig() {
        return List.of("remove", "set", "rename-field", "fields").contains(operation);
    }

    /** Returns whether a message says what was changed. */
    boolean isNamedIn(String message, Path adapter) throws IOException {
        return isNamedIn(message, adapter, ADAPTER);
    }

    /** Returns whether a message says what was changed of a base. */
    boolean isNamedInOfBase(String message, Path base) throws IOException {
        return isNamedIn(message, base, BASE);
    }

    private boolean isNamedIn(String message, Path from, Names names) throws IOException {
        if (operation.equals("fields")) {
            List<String> fields = new ArrayList<>(arguments.get(0).getAsJsonObject().keySet());
            arguments.get(1).getAsJsonArray().forEach(name -> fields.add(name.getAsString()));
            return fields.stream().anyMatch(message::contains);
        }
        if (operation.equals("rename-all")) {
            Pattern pattern = Pattern.compile(text(0));
            return read(from.resolve(names.weights)).keySet().stream()
                    .filter(key -> pattern.matcher(key).find())
                    .anyMatch(
                            key ->
                                    message.contains(key)
                                            || message.contains(
                                                    pattern.matcher(key).replaceAll(text(1))));
        }
        boolean second = List.of("rename", "copy", "rename-field").contains(operation);
        return message.contains(text(0)) || (second && message.contains(text(1)));
    }

    private Map<String, Stored> edited(Map<String, Stored> from) {
        Map<String, Stored> tensors = new LinkedHashMap<>(from);
        switch (operation) {
            case "rename" -> tensors.put(text(1), tensors.remove(text(0)));
            case "copy" -> tensors.put(text(1), scaled(from.get(text(0))));
            case "drop" -> tensors.remove(text(0));
            case "dtype" -> tensors.replace(text(0), converted(from.get(text(0)), text(1)));
            case "rows" -> tensors.replace(text(0), rows(from.get(text(0))));
            case "transpose" -> tensors.replace(text(0), transposed(from.get(text(0))));
            case "flatten" ->
                    tensors.computeIfPresent(
                            text(0),
                            (key, old) ->
                                    old.with(old.floats(), (long) old.data.length / Float.BYTES));
            case "unsqueeze" ->
                    tensors.computeIfPresent(
                            text(0),
                            (key, old) -> {
                                List<Long> shape = new ArrayList<>(List.of(1L));
                                shape.addAll(old.shape);
                                return new Stored(old.dtype, shape, old.data);
                            });
            case "rename-all" -> {
                Pattern pattern = Pattern.compile(text(0));
                UnaryOperator<String> name = key -> pattern.matcher(key).replaceAll(text(1));
                tensors.clear();
                from.forEach((key, value) -> tensors.put(name.apply(key), value));
            }
            default -> throw new IllegalArgumentException(operation);
        }
        return tensors;
    }

    private Stored scaled(Stored old) {
        float[] values = old.floats();
        float factor = arguments.get(2).getAsFloat();
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        return old.with(values, old.shape.toArray(Long[]::new));
    }

    /** As torch's {@code to}: to the nearest, ties to even; to integers towards zero. */
    private static Stored converted(Stored old, String dtype) {
        float[] values = old.floats();
        byte[] room = new byte[values.length * Double.BYTES];
        ByteBuffer bytes = littleEndian(room);
        for (float value : values) {
            switch (dtype) {
                case "F64" -> bytes.putDouble(value);
                case "I32" -> bytes.putInt((int) value);
                case "U8" -> bytes.put((byte) (long) value);
                case "BF16" -> {
                    int bits = Float.floatToRawIntBits(value);
                    bytes.putShort((short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16));
                }
                case "F16" -> bytes.putShort(half(value));
                default -> throw new IllegalArgumentException(dtype);
            }
        }
        return new Stored(dtype, old.shape, Arrays.copyOf(room, bytes.position()));
    }

    /** Returns the bits of a half for a value of its range. */
    private static short half(float value) {
        double magnitude = Math.abs((double) value);
        int exponent = Math.max(Math.getExponent(magnitude), -14);
        int bits = (int) Math.rint(Math.scalb(magnitude, 10 - exponent)) + ((exponent + 14) << 10);
        return (short) (value < 0 ? bits | 0x8000 : bits);
    }

    private Stored rows(Stored old) {
        int count = arguments.get(1).getAsInt();
        long[] shape = old.shape.stream().mapToLong(Long::longValue).toArray();
        float[] values = old.floats();
        int row = values.length / (int) shape[0];
        float[] changed = Arrays.copyOf(values, count * row);
        if (count > shape[0]) {
            System.arraycopy(values, 0, changed, values.length, row);
        }
        Long[] size = old.shape.toArray(Long[]::new);
        size[0] = (long) count;
        return old.with(changed, size);
    }

    private static Stored transposed(Stored old) {
        if (old.shape.size() != 2) {
            return old;
        }
        int rows = old.shape.get(0).intValue();
        int columns = old.shape.get(1).intValue();
        float[] values = old.floats();
        float[] changed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            changed[i % columns * rows + i / columns] = values[i];
        }
        return old.with(changed, (long) columns, (long) rows);
    }

    private static Map<String, Stored> read(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int header = (int) littleEndian(bytes).getLong();
        JsonObject json =
                JsonParser.parseString(new String(bytes, 8, header, StandardCharsets.UTF_8))
                        .getAsJsonObject();
        Map<String, Stored> tensors = new LinkedHashMap<>();
        for (String key : new TreeSet<>(json.keySet())) {
            if (!key.equals("__metadata__")) {
                JsonObject tensor = json.getAsJsonObject(key);
                JsonArray at = tensor.getAsJsonArray("data_offsets");
                tensors.put(
                        key,
                        new Stored(
                                tensor.get("dtype").getAsString(),
                                tensor.getAsJsonArray("shape").asList().stream()
                                        .map(JsonElement::getAsLong)
                                        .toList(),
                                Arrays.copyOfRange(
                                        bytes,
                                        8 + header + at.get(0).getAsInt(),
                                        8 + header + at.get(1).getAsInt())));
            }
        }
        return tensors;
    }

    private static void write(Map<String, Stored> tensors, Path file) throws IOException {
        JsonObject header = new JsonObject();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (Map.Entry<String, Stored> entry : tensors.entrySet()) {
            JsonObject tensor = new JsonObject();
            tensor.addProperty("dtype", entry.getValue().dtype);
            tensor.add("shape", GSON.toJsonTree(entry.getValue().shape));
            int begin = data.size();
            data.write(entry.getValue().data);
            tensor.add("data_offsets", GSON.toJsonTree(List.of(begin, data.size())));
            header.add(entry.getKey(), tensor);
        }
        byte[] json = GSON.toJson(header).getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[8 + json.length + data.size()];
        littleEndian(bytes).putLong(json.length).put(json).put(data.toByteArray());
        Files.write(file, bytes);
    }
}

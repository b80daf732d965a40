package dev.ligature.checkpoint;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.internal.tensors.SafetensorsHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Damages safetensors files: lengths, offsets, shapes, data types, names, JSON and bytes. */
public final class HostileTensors {
    private static final List<String> DTYPES =
            List.of("F64", "F32", "F16", "BF16", "I8", "BOOL", "F8_E4M3", "f32", "F33", "", "F4");
    private static final List<String> NUMBERS =
            List.of(
                    "0",
                    "1",
                    "-1",
                    "-0",
                    "01",
                    "1.0",
                    "1e3",
                    "2147483647",
                    "2147483648",
                    "4294967296",
                    "9223372036854775807",
                    "9223372036854775808",
                    "-9223372036854775808",
                    "99999999999999999999999",
                    "null",
                    "\"8\"",
                    "[8]",
                    "true");

    private final Random random;
    private final HostileJson json;

    HostileTensors(Random random, int largest) {
        this.random = random;
        json = new HostileJson(random, largest);
    }

    /** Returns a damaged copy of a whole file. */
    public byte[] damaged(byte[] whole) {
        int headerEnd = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] header = Arrays.copyOfRange(whole, 8, headerEnd);
        byte[] data = Arrays.copyOfRange(whole, headerEnd, whole.length);
        if (random.nextInt(4) != 0) {
            header = damagedHeader(header, data.length);
        }
        long length = header.length;
        if (random.nextInt(8) == 0) {
            length = lie(length);
        }
        byte[] bytes =
                ByteBuffer.allocate(8 + header.length + data.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(length)
                        .put(header)
                        .put(data)
                        .array();
        if (random.nextInt(5) == 0) {
            damageBytes(bytes, 8 + header.length);
        }
        return random.nextInt(6) == 0
                ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 64))
                : bytes;
    }

    private long lie(long length) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> length - 1 - random.nextInt(8);
            case 2 -> length + 1 + random.nextInt(8);
            case 3 -> -1 - random.nextInt(100);
            case 4 -> SafetensorsHeader.LARGEST + random.nextInt(2);
            case 5 -> Long.MAX_VALUE - random.nextInt(10);
            case 6 -> 1L << random.nextInt(63);
            default -> random.nextLong();
        };
    }

    private byte[] damagedHeader(byte[] header, int dataLength) {
        String text = new String(header, StandardCharsets.UTF_8).strip();
        if (random.nextInt(10) == 0) {
            return json.damagedText(text).getBytes(StandardCharsets.UTF_8);
        }
        JsonObject tensors = JsonParser.parseString(text).getAsJsonObject();
        if (random.nextInt(4) == 0) {
            return json.damagedObject(tensors).getBytes(StandardCharsets.UTF_8);
        }
        List<Map.Entry<String, String>> members = HostileJson.members(tensors);
        Collections.shuffle(members, random);
        int count = Math.min(members.size(), 1 + random.nextInt(2));
        for (int at = 0; at < count; at++) {
            Map.Entry<String, String> tensor = members.get(at);
            if (tensor.getKey().equals("__metadata__")) {
                members.set(at, Map.entry(tensor.getKey(), json.value()));
            } else {
                damageTensor(members, at, dataLength);
            }
        }
        return HostileJson.text(members).getBytes(StandardCharsets.UTF_8);
    }

    private void damageTensor(List<Map.Entry<String, String>> members, int at, int dataLength) {
        Map.Entry<String, String> tensor = members.get(at);
        String other = members.get(random.nextInt(members.size())).getValue();
        switch (random.nextInt(7)) {
            case 0 -> members.set(at, Map.entry(tensor.getKey(), other)); // an overlap
            case 1 -> members.set(at, Map.entry(json.name(), tensor.getValue()));
            case 2 -> members.addAll(emptyTensors());
            default ->
                    members.set(
                            at, Map.entry(tensor.getKey(), damaged(tensor.getValue(), dataLength)));
        }
    }

    private String damaged(String tensor, int dataLength) {
        if (!tensor.startsWith("{")) {
            return json.value();
        }
        List<Map.Entry<String, String>> fields =
                HostileJson.members(JsonParser.parseString(tensor).getAsJsonObject());
        int at = random.nextInt(fields.size());
        String field = fields.get(at).getKey();
        String value =
                switch (field) {
                    case "dtype" -> "\"" + DTYPES.get(random.nextInt(DTYPES.size())) + "\"";
                    case "shape" -> numbers(fields.get(at).getValue(), 1L << random.nextInt(40));
                    case "data_offsets" ->
                            numbers(fields.get(at).getValue(), random.nextInt(dataLength + 9));
                    default -> json.value();
                };
        fields.set(at, Map.entry(field, random.nextInt(6) == 0 ? json.value() : value));
        return HostileJson.text(fields);
    }

    /** Returns a list of numbers with one changed, put in or taken out. */
    private String numbers(String list, long likely) {
        List<String> numbers = new ArrayList<>();
        if (list.startsWith("[") && list.length() > 2) {
            numbers.addAll(List.of(list.substring(1, list.length() - 1).split(",")));
        }
        String number =
                random.nextBoolean()
                        ? Long.toString(likely)
                        : NUMBERS.get(random.nextInt(NUMBERS.size()));
        int at = random.nextInt(numbers.size() + 1);
        switch (random.nextInt(4)) {
            case 0 -> numbers.add(at, number);
            case 1 -> numbers.subList(at, numbers.size()).clear();
            case 2 -> Collections.reverse(numbers);
            default -> {
                if (at < numbers.size()) {
                    numbers.set(at, number);
                } else {
                    numbers.add(number);
                }
            }
        }
        return "[" + String.join(",", numbers) + "]";
    }

    /** Returns many tensors without an element, which the format allows. */
    private List<Map.Entry<String, String>> emptyTensors() {
        List<Map.Entry<String, String>> tensors = new ArrayList<>();
        int count = 1 + random.nextInt(200);
        for (int i = 0; i < count; i++) {
            tensors.add(
                    Map.entry(
                            "empty." + i,
                            "{\"dtype\":\"F32\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}"));
        }
        return tensors;
    }

    private void damageBytes(byte[] bytes, int headerEnd) {
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            int at = random.nextInt(random.nextInt(4) == 0 ? bytes.length : headerEnd);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) "{}[]\",:0123456789-eF".charAt(random.nextInt(20));
                case 2 -> bytes[at] = (byte) random.nextInt(256);
                default -> {
                    int from = random.nextInt(bytes.length);
                    int length = Math.min(random.nextInt(40), bytes.length - Math.max(at, from));
                    System.arraycopy(bytes, from, bytes, at, length);
                }
            }
        }
    }
}

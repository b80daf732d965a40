package dev.ligature.internal.tensors;

import com.google.gson.stream.JsonWriter;
import dev.ligature.internal.files.StagedFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes tensors of any source to a safetensors file, in the order of the format's reference
 * implementation: by data type, the wide ones first, then by name.
 */
public final class TensorWriter {
    private TensorWriter() {}

    /** Writes a file, which appears whole or not at all; one that exists is replaced. */
    public static void write(
            Path file, Map<String, TensorSource> sources, Map<String, String> metadata)
            throws IOException {
        Map<String, TensorSource> ordered = inFileOrder(sources);
        byte[] header = header(ordered, metadata);
        StagedFile.write(
                file,
                channel -> {
                    writeFully(channel, prefix(header.length));
                    writeFully(channel, ByteBuffer.wrap(header));
                    for (Map.Entry<String, TensorSource> entry : ordered.entrySet()) {
                        writeTensor(channel, entry.getKey(), entry.getValue());
                    }
                });
    }

    private static Map<String, TensorSource> inFileOrder(Map<String, TensorSource> sources) {
        if (sources.containsKey("__metadata__")) {
            throw new IllegalArgumentException(
                    "No tensor can have the name __metadata__, which the format keeps for itself.");
        }
        List<String> names = new ArrayList<>(sources.keySet());
        names.sort(
                Comparator.comparing((String name) -> source(sources, name).dtype())
                        .reversed()
                        .thenComparing(Comparator.naturalOrder()));
        Map<String, TensorSource> ordered = new LinkedHashMap<>();
        names.forEach(name -> ordered.put(name, source(sources, name)));
        return ordered;
    }

    private static TensorSource source(Map<String, TensorSource> sources, String name) {
        TensorSource source = sources.get(name);
        if (source == null) {
            throw new IllegalArgumentException("Tensor " + name + " is null.");
        }
        return source;
    }

    private static byte[] header(Map<String, TensorSource> ordered, Map<String, String> metadata)
            throws IOException {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setHtmlSafe(false);
            json.beginObject();
            if (!metadata.isEmpty()) {
                json.name("__metadata__").beginObject();
                for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
                    json.name(entry.getKey()).value(entry.getValue());
                }
                json.endObject();
            }
            long at = 0;
            for (Map.Entry<String, TensorSource> entry : ordered.entrySet()) {
                TensorSource source = entry.getValue();
                json.name(entry.getKey()).beginObject();
                json.name("dtype").value(source.dtype().name());
                json.name("shape").beginArray();
                for (long dimension : source.shape().getShape()) {
                    json.value(dimension);
                }
                json.endArray();
                json.name("data_offsets").beginArray().value(at);
                at = Math.addExact(at, source.byteCount());
                json.value(at).endArray().endObject();
            }
            json.endObject();
        }
        return padded(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Pads with spaces so that the data is aligned to 8 bytes, and its mapping with it. */
    private static byte[] padded(byte[] header) {
        byte[] padded = Arrays.copyOf(header, (header.length + 7) / 8 * 8);
        Arrays.fill(padded, header.length, padded.length, (byte) ' ');
        return padded;
    }

    private static ByteBuffer prefix(int headerLength) {
        return ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(headerLength)
                .flip();
    }

    private static void writeTensor(FileChannel channel, String name, TensorSource source)
            throws IOException {
        long begin = channel.position();
        source.content().writeTo(bytes -> writeFully(channel, bytes));
        long written = channel.position() - begin;
        if (written != source.byteCount()) {
            throw new IllegalStateException(
                    name + " gave " + written + " bytes instead of " + source.byteCount());
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}

package dev.ligature.spark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.training.GradientExchange.Local;
import dev.ligature.training.GradientExchange.MicroBatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a driver and its executors exchange in a step, as bytes: Spark sends no arrays. */
final class ExchangeBytes {
    private ExchangeBytes() {}

    /** Writes a part of a message. */
    @FunctionalInterface
    private interface Writing {
        void to(DataOutputStream out) throws IOException;
    }

    /** Reads a message. */
    @FunctionalInterface
    private interface Reading<T> {
        T from(DataInputStream in) throws IOException;
    }

    /** Returns the values of parameters, by their names. */
    static byte[] ofParameters(Map<String, NDArray> parameters) {
        return write(
                out -> {
                    out.writeInt(parameters.size());
                    for (Map.Entry<String, NDArray> parameter : parameters.entrySet()) {
                        out.writeUTF(parameter.getKey());
                        write(parameter.getValue(), out);
                    }
                });
    }

    static Map<String, NDArray> parameters(byte[] bytes, NDManager scope) {
        return read(
                bytes,
                in -> {
                    Map<String, NDArray> parameters = new LinkedHashMap<>();
                    for (int left = in.readInt(); left > 0; left--) {
                        String name = in.readUTF();
                        parameters.put(name, array(in, scope));
                    }
                    return parameters;
                });
    }

    /** Returns the batches of a part, each with a seed. */
    static byte[] ofPart(List<MicroBatch> part) {
        return write(
                out -> {
                    out.writeInt(part.size());
                    for (MicroBatch batch : part) {
                        write(batch.inputs(), out);
                        write(batch.labels(), out);
                        out.writeLong(batch.count());
                        out.writeUTF(batch.loss());
                        out.writeInt(Objects.requireNonNull(batch.seed(), "seed"));
                    }
                });
    }

    static List<MicroBatch> part(byte[] bytes, NDManager scope) {
        return read(
                bytes,
                in -> {
                    List<MicroBatch> part = new ArrayList<>();
                    for (int left = in.readInt(); left > 0; left--) {
                        NDList inputs = arrays(in, scope);
                        NDList labels = arrays(in, scope);
                        long count = in.readLong();
                        String loss = in.readUTF();
                        part.add(new MicroBatch(inputs, labels, count, loss, in.readInt()));
                    }
                    return part;
                });
    }

    /** Returns the gradients of a part. */
    static byte[] ofResult(Local.Result result) {
        return write(
                out -> {
                    write(result.gradients(), out);
                    out.writeLong(result.items());
                    out.writeDouble(result.loss());
                });
    }

    static Local.Result result(byte[] bytes, NDManager scope) {
        return read(
                bytes,
                in -> {
                    NDList gradients = arrays(in, scope);
                    long items = in.readLong();
                    return new Local.Result(gradients, items, in.readDouble());
                });
    }

    private static void write(NDList arrays, DataOutputStream out) throws IOException {
        out.writeInt(arrays.size());
        for (NDArray array : arrays) {
            write(array, out);
        }
    }

    private static void write(NDArray array, DataOutputStream out) throws IOException {
        byte[] bytes = array.encode();
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static NDList arrays(DataInputStream in, NDManager scope) throws IOException {
        NDList arrays = new NDList();
        for (int left = in.readInt(); left > 0; left--) {
            arrays.add(array(in, scope));
        }
        return arrays;
    }

    private static NDArray array(DataInputStream in, NDManager scope) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return NDArray.decode(scope, bytes);
    }

    private static byte[] write(Writing message) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            message.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory has no such errors
        }
        return bytes.toByteArray();
    }

    private static <T> T read(byte[] bytes, Reading<T> message) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            return message.from(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // only what was written here is read
        }
    }
}

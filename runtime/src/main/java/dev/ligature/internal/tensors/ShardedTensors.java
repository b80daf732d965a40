package dev.ligature.internal.tensors;

import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.files.CheckpointDirectory;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.json.JsonFault;
import dev.ligature.internal.names.NameList;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The tensors of a Hugging Face checkpoint: one safetensors file, or several with an index that
 * says which holds what. The index and the shards are checked against each other.
 */
public final class ShardedTensors implements Closeable {
    public static final String SINGLE = "model.safetensors";
    public static final String INDEX = "model.safetensors.index.json";

    private static final List<String> PICKLED =
            List.of("pytorch_model.bin", "pytorch_model.bin.index.json");

    private final Path directory;
    private final Map<String, SafetensorsReader> shards = new LinkedHashMap<>();
    private final Map<String, SafetensorsReader> byTensor = new TreeMap<>();

    private ShardedTensors(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens the checkpoint of a directory.
     *
     * @throws CheckpointException if there is none, or anything in it is wrong
     */
    public static ShardedTensors open(Path directory) throws IOException {
        ShardedTensors tensors = new ShardedTensors(directory);
        try {
            tensors.openFiles();
            return tensors;
        } catch (IOException | RuntimeException | Error e) {
            tensors.close();
            throw e;
        }
    }

    /** Returns the readers by file name, in the order of the names. */
    public Map<String, SafetensorsReader> shards() {
        return shards;
    }

    /** Returns whether the checkpoint has an index. */
    public boolean hasIndex() {
        return !shards.containsKey(SINGLE);
    }

    /** Returns the names of all tensors, sorted. */
    public Set<String> names() {
        return byTensor.keySet();
    }

    /** Returns the file of a tensor. */
    public SafetensorsReader reader(String tensor) throws CheckpointException {
        SafetensorsReader reader = byTensor.get(tensor);
        if (reader == null) {
            throw new CheckpointException(
                    "TensorMissing",
                    directory
                            + " has no tensor '"
                            + tensor
                            + "'."
                            + Nearest.hint(tensor, byTensor.keySet())
                            + " Use one of its "
                            + byTensor.size()
                            + " tensors.");
        }
        return reader;
    }

    /** Returns the description of a tensor. */
    public TensorInfo info(String tensor) throws CheckpointException {
        return reader(tensor).tensor(tensor);
    }

    @Override
    public void close() throws IOException {
        for (SafetensorsReader reader : shards.values()) {
            reader.close();
        }
    }

    private void openFiles() throws IOException {
        CheckpointDirectory.check(directory);
        if (Files.exists(directory.resolve(SINGLE))) {
            SafetensorsReader reader = openShard(SINGLE);
            reader.tensors().keySet().forEach(name -> byTensor.put(name, reader));
        } else if (Files.exists(directory.resolve(INDEX))) {
            openIndexed(readIndex(CheckpointDirectory.file(directory, INDEX)));
        } else {
            throw nothing();
        }
    }

    private CheckpointException nothing() {
        for (String name : PICKLED) {
            if (Files.exists(directory.resolve(name))) {
                return new CheckpointException(
                        "CheckpointPickled",
                        directory
                                + " has its weights in "
                                + name
                                + ", a pickle, which can run any code when it is read and is not"
                                + " read here. Save the model again with safe_serialization=True.");
            }
        }
        return new CheckpointException(
                "CheckpointMissing",
                directory
                        + " has neither "
                        + SINGLE
                        + " nor "
                        + INDEX
                        + ". Name the directory of a Hugging Face checkpoint.");
    }

    private void openIndexed(Map<String, String> weightMap) throws IOException {
        for (String shard : new TreeSet<>(weightMap.values())) {
            openShard(shard);
        }
        for (Map.Entry<String, String> entry : weightMap.entrySet()) {
            SafetensorsReader reader = shards.get(entry.getValue());
            if (reader == null || !reader.tensors().containsKey(entry.getKey())) {
                throw index(
                        "'" + entry.getKey() + "' is not in " + entry.getValue() + ", as it says");
            }
            byTensor.put(entry.getKey(), reader);
        }
        List<String> surplus = new ArrayList<>();
        for (Map.Entry<String, SafetensorsReader> entry : shards.entrySet()) {
            for (String tensor : entry.getValue().tensors().keySet()) {
                if (byTensor.get(tensor) != entry.getValue()) {
                    surplus.add(tensor + " in " + entry.getKey());
                }
            }
        }
        if (!surplus.isEmpty()) {
            throw index("it does not list " + NameList.list(surplus));
        }
    }

    private SafetensorsReader openShard(String name) throws IOException {
        SafetensorsReader reader =
                SafetensorsReader.open(CheckpointDirectory.file(directory, name));
        shards.put(name, reader);
        return reader;
    }

    private Map<String, String> readIndex(Path file) throws IOException {
        Map<String, String> weightMap = new LinkedHashMap<>();
        boolean seen = false;
        try (JsonReader json =
                new JsonReader(Files.newBufferedReader(file, StandardCharsets.UTF_8))) {
            json.setStrictness(Strictness.STRICT);
            json.beginObject();
            while (json.hasNext()) {
                if (!json.nextName().equals("weight_map")) {
                    json.skipValue();
                } else if (seen) {
                    throw index("it has two weight_maps");
                } else {
                    seen = true;
                    readWeightMap(json, weightMap);
                }
            }
            json.endObject();
            if (json.peek() != JsonToken.END_DOCUMENT) {
                throw index("something follows the closing '}'");
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException | IllegalStateException | JsonParseException e) {
            throw index("it cannot be read: " + JsonFault.of(e));
        }
        if (weightMap.isEmpty()) {
            throw index("it has no weight_map, or an empty one");
        }
        return weightMap;
    }

    private void readWeightMap(JsonReader json, Map<String, String> weightMap) throws IOException {
        json.beginObject();
        while (json.hasNext()) {
            String tensor = json.nextName();
            if (json.peek() != JsonToken.STRING) {
                throw index("the file of '" + tensor + "' is not a string");
            }
            String shard = json.nextString();
            if (!shard.endsWith(".safetensors") || shard.equals(SINGLE)) {
                throw index("the file of '" + tensor + "' is '" + shard + "', no shard's name");
            }
            if (weightMap.put(tensor, shard) != null) {
                throw index("it lists '" + tensor + "' twice");
            }
        }
        json.endObject();
    }

    private CheckpointException index(String what) {
        return new CheckpointException(
                "CheckpointIndex",
                directory.resolve(INDEX)
                        + ": "
                        + what
                        + ". The index and its shards do not belong together: get the checkpoint"
                        + " again.");
    }
}

package dev.ligature.internal.tensors;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.files.CheckpointDirectory;
import dev.ligature.internal.files.OtherWeights;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import dev.ligature.internal.names.NameList;
import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a Hugging Face checkpoint: one safetensors file, or several with an index that
 * says which holds what. The index and the shards are checked against each other.
 */
public final class ShardedTensors implements Closeable, JsonErrors<CheckpointException> {
    public static final String SINGLE = "model.safetensors";
    public static final String INDEX = "model.safetensors.index.json";

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
        ShardedTensors tensors = new ShardedTensors(CheckpointDirectory.find(directory));
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
            String hint = Nearest.hint(tensor, byTensor.keySet());
            throw TensorMessage.MISSING.fileError(directory, tensor, hint, byTensor.size());
        }
        return reader;
    }

    /** Returns the description of a tensor. */
    public TensorInfo info(String tensor) throws CheckpointException {
        return reader(tensor).tensor(tensor);
    }

    /** Returns the name of a tensor of floats, if there is one; else that of any. */
    public String anyWeight() throws CheckpointException {
        for (String name : names()) {
            if (info(name).dtype().isWeightType()) {
                return name;
            }
        }
        return names().iterator().next();
    }

    /** Returns the directory of the files. */
    public Path directory() {
        return directory;
    }

    @Override
    public void close() throws IOException {
        for (SafetensorsReader reader : shards.values()) {
            reader.close();
        }
    }

    private void openFiles() throws IOException {
        if (Files.exists(directory.resolve(SINGLE))) {
            SafetensorsReader reader = openShard(SINGLE);
            reader.tensors().keySet().forEach(name -> byTensor.put(name, reader));
        } else if (Files.exists(directory.resolve(INDEX))) {
            openIndexed(readIndex(CheckpointDirectory.file(directory, INDEX)));
        } else {
            throw nothing();
        }
    }

    private CheckpointException nothing() throws IOException {
        Optional<OtherWeights.Found> other = OtherWeights.in(directory);
        if (other.isEmpty()) {
            return TensorMessage.NO_CHECKPOINT.fileError(directory, SINGLE, INDEX);
        }
        String name = other.get().name();
        OtherWeights.Kind kind = other.get().kind();
        return switch (kind) {
            case PEFT_PICKLE, TORCHTUNE_PICKLE, PICKLE ->
                    TensorMessage.PICKLED.fileError(directory, name);
            default ->
                    TensorMessage.OTHER_FORMAT.fileError(
                            directory, name, kind.what(), kind.remedy());
        };
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
        JsonFields<CheckpointException> index;
        try (Reader text = Files.newBufferedReader(file)) {
            index = JsonFields.parse(text, JsonLimits.CONFIGURATION, this);
        }
        if (!index.has("weight_map") || index.object("weight_map").names().isEmpty()) {
            throw index("it has no weight_map, or an empty one");
        }
        JsonFields<CheckpointException> weightMap = index.object("weight_map");
        Map<String, String> shardByTensor = new LinkedHashMap<>();
        for (String tensor : weightMap.names()) {
            String shard = weightMap.string(tensor);
            if (!shard.endsWith(".safetensors") || shard.equals(SINGLE)) {
                throw index("the file of '" + tensor + "' is '" + shard + "', not a shard's name");
            }
            shardByTensor.put(tensor, shard);
        }
        return shardByTensor;
    }

    private CheckpointException index(String what) {
        return TensorMessage.INDEX.fileError(directory.resolve(INDEX), what);
    }

    @Override
    public CheckpointException malformed(String what, @Nullable Throwable cause) {
        return index("it cannot be read: " + what);
    }

    @Override
    public CheckpointException duplicate(JsonField field) {
        return index("it lists '" + field.name() + "' twice");
    }

    @Override
    public CheckpointException wrong(JsonField field, @Nullable Object value, String expected) {
        String shown = JsonFields.shown(value);
        return index("'" + field.name() + "' is " + shown + ", not " + expected);
    }
}

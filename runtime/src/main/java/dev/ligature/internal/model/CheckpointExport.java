package dev.ligature.internal.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.ExportReport;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.files.CheckpointDirectory;
import dev.ligature.internal.files.StagedDirectory;
import dev.ligature.internal.files.StagedFile;
import dev.ligature.internal.json.JsonEdit;
import dev.ligature.internal.json.JsonFile;
import dev.ligature.internal.model.ModelTensors.NamedParameter;
import dev.ligature.internal.tensors.Rounding;
import dev.ligature.internal.tensors.ShardedTensors;
import dev.ligature.internal.tensors.TensorBytes;
import dev.ligature.internal.tensors.TensorSource;
import dev.ligature.internal.tensors.TensorWriter;
import dev.ligature.ops.PackedArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writes the files of a checkpoint's directory, and keeps account of what was rounded. */
public final class CheckpointExport {
    /** Copied with a checkpoint, if there: what Transformers and tokenizers read, and licences. */
    private static final Pattern COPIED =
            Pattern.compile(
                    "(config|generation_config|tokenizer|tokenizer_config|special_tokens_map"
                            + "|added_tokens|vocab|chat_template|preprocessor_config|modules"
                            + "|sentence_bert_config|config_sentence_transformers)\\.json"
                            + "|merges\\.txt|vocab\\.txt|.*\\.(model|jinja)"
                            + "|(LICENSE|NOTICE)(\\..*)?");

    /** The folders of sentence-transformers: {@code 1_Pooling}, {@code 2_Normalize}. */
    private static final Pattern COPIED_FOLDER = Pattern.compile("\\d+_[A-Za-z]+");

    private static final List<String> DTYPE_FIELDS = List.of("dtype", "torch_dtype");

    private static final String CONFIG = "config.json";
    private static final String TIED = "tie_word_embeddings";
    private static final String T5_SCALES = "scale_decoder_outputs";

    private final ExportOptions options;
    private final Map<String, Rounding> roundings = new LinkedHashMap<>();
    private final Map<String, TensorSource> added = new TreeMap<>();
    private boolean untied;
    private String lastShard = "";
    private int replaced;
    private long bytes;

    public CheckpointExport(ExportOptions options) {
        this.options = options;
    }

    /**
     * Writes a new directory: the weights of a model's parameters, and files by their names, of
     * which one is config.json.
     */
    public void writeModel(
            Path directory, List<NamedParameter> parameters, Map<String, String> files)
            throws IOException {
        if (!files.containsKey(CONFIG)) {
            throw new IllegalArgumentException("A checkpoint needs a " + CONFIG);
        }
        Map<String, NDArray> arrays = new TreeMap<>();
        for (NamedParameter named : parameters) {
            arrays.put(named.name(), named.parameter().getArray());
        }
        StagedDirectory.create(
                directory,
                staged -> {
                    writeArrays(staged.resolve(ShardedTensors.SINGLE), arrays);
                    for (Map.Entry<String, String> file : files.entrySet()) {
                        Path path = CheckpointDirectory.newFile(staged, file.getKey());
                        if (file.getKey().equals(CONFIG)) {
                            writeConfig(path, file.getValue());
                        } else {
                            StagedFile.write(path, file.getValue());
                        }
                    }
                });
    }

    /** Writes arrays to one file. */
    void writeArrays(Path file, Map<String, NDArray> arrays) throws IOException {
        Map<String, TensorSource> sources = new TreeMap<>();
        for (Map.Entry<String, NDArray> entry : arrays.entrySet()) {
            if (entry.getValue() instanceof PackedArray packed) {
                throw CheckpointMessage.PACKED_SAVE.error(entry.getKey(), packed.precision());
            }
            TensorDtype own = TensorDtype.of(entry.getValue().getDataType());
            sources.put(entry.getKey(), replacement(entry.getKey(), entry.getValue(), own));
        }
        write(file, sources, SafetensorsWriter.PYTORCH);
    }

    /**
     * Takes a weight that is tied to another no longer.
     *
     * @param name the name of its tensor
     * @param array its values
     * @param own the data type of the tensor that it was tied to
     * @param there whether the file has a tensor of that name, which is replaced
     */
    public void untie(String name, NDArray array, TensorDtype own, boolean there)
            throws CheckpointException {
        untied = true;
        if (!there) {
            added.put(name, replacement(name, array, own));
        }
    }

    /**
     * Writes a shard with some of its tensors replaced.
     *
     * @param reader the shard
     * @param file where it goes
     * @param replacements new values by the name of the tensor
     * @param last whether it is the last shard, which takes the tensors that are new
     */
    public void writeShard(
            SafetensorsReader reader, Path file, Map<String, NDArray> replacements, boolean last)
            throws IOException {
        Map<String, TensorSource> sources = new TreeMap<>();
        if (last) {
            sources.putAll(added);
            lastShard = file.getFileName().toString();
        }
        for (TensorInfo tensor : reader.tensors().values()) {
            NDArray replacement = replacements.get(tensor.name());
            sources.put(
                    tensor.name(),
                    replacement == null
                            ? unchanged(reader, tensor)
                            : replacement(tensor.name(), replacement, tensor.dtype()));
        }
        write(file, sources, reader.metadata());
    }

    private void write(Path file, Map<String, TensorSource> sources, Map<String, String> metadata)
            throws IOException {
        sources.values().forEach(source -> bytes += source.byteCount());
        TensorWriter.write(file, sources, metadata);
        for (String name : sources.keySet()) {
            if (rounding(name).overflowed()) {
                TensorSource source = sources.get(name);
                throw CheckpointMessage.OVERFLOW.fileError(
                        file, name, source == null ? "" : source.dtype());
            }
        }
    }

    private TensorSource replacement(String name, NDArray array, TensorDtype own)
            throws CheckpointException {
        checkFinite(name, array);
        replaced++;
        return TensorSource.of(array, options.dtypeOf(own), rounding(name));
    }

    private TensorSource unchanged(SafetensorsReader reader, TensorInfo tensor) {
        TensorDtype dtype = options.dtypeOf(tensor.dtype());
        if (dtype == tensor.dtype()) {
            return TensorSource.copyOf(reader, tensor);
        }
        Rounding rounding = rounding(tensor.name());
        return new TensorSource(
                dtype,
                tensor.shape(),
                output -> {
                    try (NDManager manager = NDManager.newBaseManager();
                            NDArray array = reader.read(tensor.name(), manager)) {
                        TensorBytes.fromArray(array, dtype, output, rounding);
                    }
                });
    }

    private Rounding rounding(String name) {
        return roundings.computeIfAbsent(name, ignored -> new Rounding());
    }

    private static void checkFinite(String name, NDArray array) throws CheckpointException {
        if (array.size() == 0) {
            return;
        }
        try (NDArray detached = array.stopGradient();
                NDArray magnitudes = detached.abs();
                NDArray largest = magnitudes.max(); // a NaN is the largest
                NDArray wide = largest.toType(DataType.FLOAT64, true)) {
            double value = wide.getDouble();
            if (!Double.isFinite(value)) {
                throw CheckpointMessage.NOT_FINITE.fileError(name, value);
            }
        }
    }

    /** Copies the configuration, the tokenizer and the like from one directory to another. */
    public void copyFiles(Path from, Path to) throws IOException {
        for (Path file : list(from)) {
            String name = file.getFileName().toString();
            if (Files.isDirectory(file) && COPIED_FOLDER.matcher(name).matches()) {
                copyFolder(file, Files.createDirectory(to.resolve(name)));
            } else if (isCopied(file)) {
                Path source = CheckpointDirectory.file(from, name);
                if (name.equals("config.json") && (options.dtype().isPresent() || untied)) {
                    writeConfig(to.resolve(name), JsonFile.text(source));
                } else {
                    StagedFile.copy(source, to.resolve(name));
                }
            }
        }
    }

    private static void copyFolder(Path from, Path to) throws IOException {
        for (Path file : list(from)) {
            String name = file.getFileName().toString();
            if (Files.isRegularFile(file)) {
                StagedFile.copy(CheckpointDirectory.file(from, name), to.resolve(name));
            }
        }
        StagedFile.syncDirectory(to);
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.sorted().toList();
        }
    }

    private static boolean isCopied(Path file) {
        return Files.isRegularFile(file) && COPIED.matcher(file.getFileName().toString()).matches();
    }

    /**
     * Writes a configuration, with the data type of the weights if it has one, and with {@code
     * tie_word_embeddings} false if a weight was untied. Only the top level is changed: what is
     * nested describes other parts of a model.
     */
    public void writeConfig(Path file, String json) throws IOException {
        if (options.dtype().isEmpty() && !untied) {
            StagedFile.write(file, json);
            return;
        }
        JsonEdit config = new JsonEdit(json, file.toString());
        for (String field : DTYPE_FIELDS) {
            if (options.dtype().isPresent() && config.value(field) instanceof String) {
                config.set(List.of(field), word(options.dtype().get()));
            }
        }
        if (untied) {
            boolean tied = !Boolean.FALSE.equals(config.value(TIED));
            if ("t5".equals(config.value("model_type")) && config.value(T5_SCALES) == null) {
                // Where T5's own field is absent, its decoder is scaled if the weights are tied.
                config.set(List.of(T5_SCALES), tied);
            }
            config.set(List.of(TIED), false);
        }
        StagedFile.write(file, config.text() + "\n");
    }

    /** Writes the index of shards that have the names they had. */
    public void writeIndex(Path from, Path to) throws IOException {
        JsonEdit index = new JsonEdit(JsonFile.text(from), from.toString());
        if (index.value("metadata") instanceof Map<?, ?> metadata
                && metadata.containsKey("total_size")) {
            index.set(List.of("metadata", "total_size"), bytes);
        }
        added.keySet().forEach(name -> index.set(List.of("weight_map", name), lastShard));
        StagedFile.write(to, index.text() + "\n");
    }

    public ExportReport report() {
        String worst = "";
        double largest = 0;
        for (Map.Entry<String, Rounding> entry : roundings.entrySet()) {
            if (entry.getValue().largest() > largest) {
                worst = entry.getKey();
                largest = entry.getValue().largest();
            }
        }
        return new ExportReport(roundings.size(), replaced, largest, worst);
    }

    private static String word(TensorDtype dtype) {
        String name = dtype.name().toLowerCase(Locale.ROOT);
        return name.replace("f", "float");
    }

    /** Checks that a tensor of a checkpoint can take a new value: its shape, and that of floats. */
    public static void checkReplaceable(Path checkpoint, TensorInfo tensor, NDArray array)
            throws CheckpointException {
        if (!array.getShape().equals(tensor.shape())) {
            throw CheckpointMessage.VALUE_SHAPE.fileError(
                    checkpoint, tensor.name(), tensor.shape(), array.getShape());
        }
        if (!tensor.dtype().isWeightType()) {
            throw CheckpointMessage.WEIGHT_TYPE.fileError(
                    checkpoint, tensor.name(), tensor.dtype());
        }
    }
}

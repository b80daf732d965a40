package dev.ligature.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.internal.files.StagedDirectory;
import dev.ligature.internal.model.CheckpointExport;
import dev.ligature.internal.model.FileNames;
import dev.ligature.internal.model.ModelLoad;
import dev.ligature.internal.model.ModelTensors;
import dev.ligature.internal.model.ModelTensors.NamedParameter;
import dev.ligature.internal.model.TensorMatch;
import dev.ligature.internal.tensors.ShardedTensors;
import dev.ligature.internal.tensors.WeightReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a base model in a Hugging Face directory: {@code model.safetensors}, or shards
 * with {@code model.safetensors.index.json}.
 *
 * <p>A module's tensors are found by its name and the type of its parameters: {@code
 * <module>.weight} of a weight or a gamma, {@code <module>.bias} of a bias or a beta.
 *
 * <p>{@code MyModelLora.load(directory, model, manager)} of the generated class opens, loads and
 * closes one with default options. With others:
 *
 * <pre>{@code
 * try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
 *     checkpoint.load(model, MyModelLora::visit, manager, LoadOptions.defaults(), new Shape(1, 8));
 * }
 * }</pre>
 */
public final class BaseCheckpoint implements Closeable {
    private final Path directory;
    private final ShardedTensors tensors;
    private final FileNames fileNames;

    /** The tensors of the file that mean one weight, by each name of it; known from a load. */
    private final Map<String, List<String>> names = new HashMap<>();

    private @Nullable WeightReader ahead;

    private BaseCheckpoint(ShardedTensors tensors, FileNames fileNames) {
        this.directory = tensors.directory();
        this.tensors = tensors;
        this.fileNames = fileNames;
    }

    /**
     * Opens a checkpoint and checks its files against each other.
     *
     * @param directory the directory, or a repository's folder in a hub's cache, of which the
     *     current snapshot is read
     * @throws CheckpointException if it is missing, incomplete or damaged, or has pickled weights
     * @throws IOException if a file cannot be read
     */
    public static BaseCheckpoint open(Path directory) throws IOException {
        return new BaseCheckpoint(ShardedTensors.open(directory), FileNames.SAME);
    }

    /**
     * Opens a checkpoint whose tensors may have other names than those of the model.
     *
     * @param directory as in {@link #open(Path)}
     * @param otherNames returns what files may call a tensor of the model instead, such as its name
     *     without the prefix of a model below a head; the first name that the file has is used, and
     *     what it has under others is a copy
     * @throws CheckpointException as {@link #open(Path)}
     * @throws IOException if a file cannot be read
     */
    public static BaseCheckpoint open(Path directory, Function<String, List<String>> otherNames)
            throws IOException {
        Objects.requireNonNull(otherNames, "otherNames");
        return new BaseCheckpoint(ShardedTensors.open(directory), new FileNames(otherNames));
    }

    /**
     * Initialises a model with the tensors of a directory, with default options. For generated
     * code: call the {@code load} method of the generated class, which calls this.
     *
     * @param directory the directory
     * @param model the model, not yet initialised
     * @param walk the {@code visit} method of its generated class
     * @param manager the owner of the arrays
     * @param inputShapes the shapes that the model is initialised with; if there are none, (1, 1):
     *     a batch of one token
     * @param <M> the model class
     * @throws CheckpointException if the checkpoint is damaged or does not fit the model
     * @throws dev.ligature.LoraException if a parameter has no name in a checkpoint, or the model
     *     is initialised already
     * @throws IOException if a file cannot be read
     */
    public static <M extends Block> void load(
            Path directory,
            M model,
            ModelWalk<? super M> walk,
            NDManager manager,
            Shape... inputShapes)
            throws IOException {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(walk, "walk");
        Objects.requireNonNull(manager, "manager");
        Shape[] shapes = inputShapes.length == 0 ? new Shape[] {new Shape(1, 1)} : inputShapes;
        try (BaseCheckpoint checkpoint = open(directory)) {
            checkpoint.load(model, walk, manager, LoadOptions.defaults(), shapes);
        }
    }

    /**
     * Begins to read the weights in threads of their own, for the load that follows: a program can
     * start its engine meanwhile. What can be mapped is looked through for values that are not
     * finite; of the rest the system reads the pages. The load reports what is wrong.
     *
     * @param options the options of the load
     * @throws CheckpointException if a file has another size than when it was opened
     * @throws IOException if a file cannot be read
     */
    public void readAhead(LoadOptions options) throws IOException {
        Objects.requireNonNull(options, "options");
        if (ahead == null) {
            ahead = new WeightReader();
            ahead.ahead(tensors, options);
        }
    }

    /** Returns the directory that the files are in. */
    public Path directory() {
        return directory;
    }

    /** Returns the names of all tensors, sorted. */
    public Set<String> tensorNames() {
        return Set.copyOf(tensors.names());
    }

    /**
     * Returns the description of a tensor.
     *
     * @param name the tensor's name
     * @throws CheckpointException if there is no such tensor
     */
    public TensorInfo tensor(String name) throws CheckpointException {
        Objects.requireNonNull(name, "name");
        return tensors.info(name);
    }

    /**
     * Initialises a model with the checkpoint's tensors, and freezes it unless the options say
     * otherwise.
     *
     * <p>Every parameter must have a tensor of its shape, and every tensor a parameter, unless the
     * options name it. Of a tied weight, one tensor is enough, under any of its modules' names; if
     * there are several, they must be equal bit for bit, unless the options choose one, or untie
     * the modules. If anything is wrong, the model is left as it was, not initialised.
     *
     * @param model the model, not yet initialised
     * @param visit the {@code visit} method of its generated class
     * @param manager the owner of the arrays
     * @param options data type and the like
     * @param inputShapes the shapes that the model is initialised with
     * @param <M> the model class
     * @throws CheckpointException if the checkpoint does not fit the model
     * @throws dev.ligature.LoraException if a parameter has no name in a checkpoint, or the model
     *     is initialised already
     * @throws IOException if a file cannot be read
     */
    public <M extends Block> void load(
            M model,
            ModelWalk<? super M> visit,
            NDManager manager,
            LoadOptions options,
            Shape... inputShapes)
            throws IOException {
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(visit, "visit");
        Objects.requireNonNull(manager, "manager");
        Objects.requireNonNull(options, "options");
        List<NamedParameter> parameters = ModelTensors.of(model, visit);
        if (options.unties()
                && TensorMatch.untie(directory, tensors, fileNames, parameters, options)) {
            parameters = ModelTensors.of(model, visit);
        }
        ModelLoad load = new ModelLoad(directory, tensors, fileNames, parameters, options);
        try (WeightReader weights = ahead == null ? new WeightReader() : ahead) {
            ahead = null;
            load.load(model, weights, manager, inputShapes);
        }
        names.putAll(load.match().namesInFile(tensors.names(), fileNames));
    }

    /**
     * Writes a copy of the checkpoint with some tensors replaced: the same tensors in the same
     * shards and data types, unless the options name another one, and with them the configuration,
     * the tokenizer and the licence. What is not replaced and keeps its data type is copied byte
     * for byte.
     *
     * <p>After {@link #load}, the tensors of a tied weight are one: replacing it by any of its
     * names replaces every copy in the file.
     *
     * @param output the directory to write, which must not exist; it appears whole or not at all
     * @param replaced new values by name of tensor, float32 or wider than the file; rounded to the
     *     data type in the file
     * @param options the data type
     * @return what was rounded, and how far
     * @throws CheckpointException if the output exists or cannot be written, if there is no such
     *     tensor, or if a new value is not finite or too large for its data type
     * @throws IOException if a file cannot be read
     */
    public ExportReport export(Path output, Map<String, NDArray> replaced, ExportOptions options)
            throws IOException {
        return export(output, replaced, Map.of(), options);
    }

    /**
     * Writes a copy of the checkpoint with some tensors replaced, and with tied weights that are no
     * longer one: each has a tensor of its own, a new one in the last shard if the file has none,
     * and {@code config.json} says {@code tie_word_embeddings: false}.
     *
     * @param output the directory to write, which must not exist; it appears whole or not at all
     * @param replaced new values by name of tensor, as in {@link #export(Path, Map, ExportOptions)}
     * @param untied values by name of tensor of the modules that were untied
     * @param options the data type
     * @return what was rounded, and how far
     * @throws CheckpointException as {@link #export(Path, Map, ExportOptions)}
     * @throws IOException if a file cannot be read
     */
    public ExportReport export(
            Path output,
            Map<String, NDArray> replaced,
            Map<String, NDArray> untied,
            ExportOptions options)
            throws IOException {
        Objects.requireNonNull(output, "output");
        Objects.requireNonNull(replaced, "replaced");
        Objects.requireNonNull(untied, "untied");
        Objects.requireNonNull(options, "options");
        Map<String, NDArray> replacements = new TreeMap<>();
        for (Map.Entry<String, NDArray> entry : replaced.entrySet()) {
            for (String name : inFile(entry.getKey())) {
                if (!untied.containsKey(entry.getKey()) && !untied.containsKey(name)) {
                    CheckpointExport.checkReplaceable(
                            directory, tensors.info(name), entry.getValue());
                    replacements.put(name, entry.getValue());
                }
            }
        }
        CheckpointExport export = new CheckpointExport(options);
        for (Map.Entry<String, NDArray> entry : untied.entrySet()) {
            String name = entry.getKey();
            List<String> known = names.getOrDefault(name, List.of());
            boolean there = tensors.names().contains(name);
            String like = there ? name : known.isEmpty() ? tensors.anyWeight() : known.get(0);
            if (there || !known.isEmpty()) {
                CheckpointExport.checkReplaceable(directory, tensors.info(like), entry.getValue());
            }
            if (there) {
                replacements.put(name, entry.getValue());
            }
            export.untie(name, entry.getValue(), tensors.info(like).dtype(), there);
        }
        StagedDirectory.create(
                output,
                staged -> {
                    int left = tensors.shards().size();
                    for (Map.Entry<String, SafetensorsReader> shard : tensors.shards().entrySet()) {
                        Path file = staged.resolve(shard.getKey());
                        export.writeShard(shard.getValue(), file, replacements, --left == 0);
                    }
                    if (tensors.hasIndex()) {
                        export.writeIndex(
                                directory.resolve(ShardedTensors.INDEX),
                                staged.resolve(ShardedTensors.INDEX));
                    }
                    export.copyFiles(directory, staged);
                });
        return export.report();
    }

    /** Returns what the file calls a tensor, itself if it has it under no name. */
    private List<String> inFile(String tensor) {
        List<String> known = names.get(tensor);
        if (known != null) {
            return known;
        }
        List<String> there =
                fileNames.of(List.of(tensor)).stream().filter(tensors.names()::contains).toList();
        return there.isEmpty() ? List.of(tensor) : there;
    }

    /**
     * Writes a model as a Hugging Face directory: {@code model.safetensors} and the given files.
     *
     * @param directory the directory to write, which must not exist; it appears whole or not at all
     * @param model the model, initialised
     * @param visit the {@code visit} method of its generated class
     * @param files the texts of {@code config.json} and other files by name, such as {@code
     *     tokenizer.json}
     * @param options the data type; it replaces the one in {@code config.json}
     * @param <M> the model class
     * @return what was rounded, and how far
     * @throws CheckpointException if the directory exists or cannot be written, or if a weight is
     *     not finite or too large for the data type
     * @throws dev.ligature.LoraException if a parameter has no name in a checkpoint
     */
    public static <M extends Block> ExportReport save(
            Path directory,
            M model,
            ModelWalk<? super M> visit,
            Map<String, String> files,
            ExportOptions options)
            throws IOException {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(visit, "visit");
        Objects.requireNonNull(files, "files");
        Objects.requireNonNull(options, "options");
        CheckpointExport export = new CheckpointExport(options);
        export.writeModel(directory, ModelTensors.of(model, visit), files);
        return export.report();
    }

    @Override
    public void close() throws IOException {
        if (ahead != null) {
            ahead.close();
        }
        tensors.close();
    }
}

package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.files.CheckpointDirectory;
import dev.ligature.internal.files.StagedDirectory;
import dev.ligature.internal.files.StagedFile;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.resolve.ExplicitConfig;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An adapter in PEFT's format: {@code adapter_config.json} and {@code adapter_model.safetensors}.
 *
 * <pre>{@code
 * AdapterDirectory directory = AdapterDirectory.open(path);
 * LoraPlan plan = directory.plan(layout);
 * AdapterContents contents = directory.read(plan, manager);
 * }</pre>
 */
public final class AdapterDirectory {
    /** The name of the file with the factors. */
    public static final String WEIGHTS = "adapter_model.safetensors";

    private static final Logger LOG = LoggerFactory.getLogger(AdapterDirectory.class);

    private static final String PICKLED = "adapter_model.bin";

    private final Path directory;
    private final Path files;
    private final LoraConfig config;

    /**
     * @param directory the directory that was asked for
     * @param files the one that is read
     */
    private AdapterDirectory(Path directory, Path files, LoraConfig config) {
        this.directory = directory;
        this.files = files;
        this.config = config;
    }

    /**
     * Opens a directory and reads its configuration. If its replacement was interrupted by the end
     * of the process, the former adapter is read.
     *
     * <p>PEFT saves an adapter under any name but "default" to a folder of that name, inside of the
     * one it is given: name that folder.
     *
     * @param directory the directory
     * @throws CheckpointException if a file is missing, leads out of the directory or is pickled,
     *     or if the configuration asks for what is not supported
     * @throws IOException if a file cannot be read
     */
    public static AdapterDirectory open(Path directory) throws IOException {
        Path files = directory;
        if (!Files.exists(directory)) {
            files = StagedDirectory.former(directory).orElse(directory);
        }
        if (!files.equals(directory)) {
            LOG.warn(
                    "The replacement of {} was interrupted: the former adapter is read from {}",
                    directory,
                    files);
        }
        CheckpointDirectory.check(files);
        if (!Files.exists(files.resolve(AdapterConfigJson.FILE_NAME))) {
            throw noConfig(files);
        }
        weights(files);
        Path file = CheckpointDirectory.file(files, AdapterConfigJson.FILE_NAME);
        return new AdapterDirectory(directory, files, AdapterConfigJson.read(file));
    }

    /** PEFT saves an adapter that is not named "default" to a folder of its name. */
    private static CheckpointException noConfig(Path directory) throws IOException {
        List<Path> adapters;
        try (Stream<Path> all = Files.list(directory)) {
            adapters =
                    all.filter(path -> Files.exists(path.resolve(AdapterConfigJson.FILE_NAME)))
                            .sorted()
                            .toList();
        }
        String names = NameList.list(adapters.stream().map(StagedFile::name).toList());
        return new CheckpointException(
                "CheckpointMissing",
                directory
                        + " has no "
                        + AdapterConfigJson.FILE_NAME
                        + (adapters.isEmpty()
                                ? ". Name the directory of a PEFT adapter."
                                : ", but folders with one: "
                                        + names
                                        + ". Name the one that is meant, such as "
                                        + adapters.get(0)
                                        + "."));
    }

    private static Path weights(Path directory) throws IOException {
        if (Files.exists(directory.resolve(PICKLED)) && !Files.exists(directory.resolve(WEIGHTS))) {
            throw new CheckpointException(
                    "CheckpointPickled",
                    directory
                            + " has its factors in "
                            + PICKLED
                            + ", a pickle, which can run any code when it is read and is not read"
                            + " here. Save the adapter again with safe_serialization=True.");
        }
        return CheckpointDirectory.file(directory, WEIGHTS);
    }

    /** Returns the directory. */
    public Path directory() {
        return directory;
    }

    /** Returns the configuration in the directory. */
    public LoraConfig config() {
        return config;
    }

    /**
     * Returns what the adapter is for a model: its configuration, resolved with regard to the names
     * of its tensors.
     *
     * @param layout the modules of the model, which must be initialised
     * @throws dev.ligature.LoraException if the configuration does not fit the model
     * @throws CheckpointException if the file is damaged
     * @throws IOException if the file cannot be read
     */
    public LoraPlan plan(ModelLayout layout) throws IOException {
        if (config.modulesToSave().isEmpty()) {
            return PlanResolver.resolveForLoading(config, layout);
        }
        Set<String> names = new HashSet<>();
        try (SafetensorsReader reader = SafetensorsReader.open(weights(files))) {
            for (String key : reader.tensors().keySet()) {
                names.add(AdapterTensors.name(key));
            }
        }
        return PlanResolver.resolveForLoading(config, layout, names);
    }

    /**
     * Reads the arrays of a plan, strictly.
     *
     * @param plan what the adapter is to have, as {@link #plan} has it
     * @param manager the owner of the arrays
     * @return the arrays, in the plan's order
     * @throws CheckpointException if the file does not fit the plan
     * @throws IOException if the file cannot be read
     */
    public AdapterContents read(LoraPlan plan, NDManager manager) throws IOException {
        return read(plan, manager, AdapterLoadOptions.defaults());
    }

    /**
     * Reads the arrays of a plan.
     *
     * <p>Every key of the file must belong to the plan, and all of the plan must be in the file.
     * Copies of the base's own weights, which PEFT adds for embeddings, are left alone. Where
     * modules share a pair, a copy or rows, the saved ones must be equal bit for bit; one is
     * enough. The arrays have the plan's data types; half precision is widened. They do not change
     * with the file.
     *
     * @param plan what the adapter is to have, as {@link #plan} has it
     * @param manager the owner of the arrays
     * @param options the exceptions
     * @return the arrays, in the plan's order, without what may be missing and is
     * @throws CheckpointException if the file does not fit the plan
     * @throws IOException if the file cannot be read
     */
    public AdapterContents read(LoraPlan plan, NDManager manager, AdapterLoadOptions options)
            throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(weights(files));
                NDManager temporary = manager.newSubManager()) {
            checkUnchanged();
            AdapterTensors.Match match = AdapterTensors.match(reader, plan, options);
            Map<PairPlan, Factors> pairs = new PairArrays(reader, temporary).pairs(match.pairs());
            ReplacementArrays replaced = new ReplacementArrays(reader, temporary);
            AdapterContents contents =
                    new AdapterContents(
                            pairs,
                            replaced.copies(match.replacements()),
                            replaced.rows(match.rows()));
            // Only now, so that an error above leaves nothing behind.
            for (Factors factors : pairs.values()) {
                factors.arrays().forEach(array -> array.attach(manager));
            }
            contents.replacements().values().forEach(array -> array.attach(manager));
            contents.tokenRows().values().forEach(array -> array.attach(manager));
            return contents;
        }
    }

    /** Checks that the factors, open by now, are not those of another adapter put in its place. */
    private void checkUnchanged() throws IOException {
        Path file = CheckpointDirectory.file(files, AdapterConfigJson.FILE_NAME);
        if (!AdapterConfigJson.read(file).equals(config)) {
            throw new CheckpointException(
                    "CheckpointChanged",
                    file + " was replaced after it was read. Load the adapter again.");
        }
    }

    /**
     * Writes an adapter that PEFT loads.
     *
     * <p>The directory appears whole or not at all; an adapter that is there already is replaced at
     * the end, and other files in the directory stay. A shared pair or copy is written once for
     * each module that reads it, and the configuration names all of them; token rows are written
     * once. The base's weights are never written.
     *
     * @param directory the directory
     * @param plan the plan of the adapter
     * @param contents the arrays of the plan
     * @throws CheckpointException if it cannot be written
     * @throws IllegalArgumentException if the arrays are not those of the plan
     */
    public static void write(Path directory, LoraPlan plan, AdapterContents contents)
            throws IOException {
        PairArrays.check(plan, contents.pairs());
        ReplacementArrays.check(plan, contents);
        try (NDManager views = NDManager.newBaseManager()) {
            Map<String, NDArray> tensors = new TreeMap<>();
            PairArrays.add(tensors, contents.pairs(), views);
            ReplacementArrays.add(tensors, plan, contents);
            StagedDirectory.createOrReplace(
                    directory,
                    List.of(WEIGHTS, AdapterConfigJson.FILE_NAME),
                    List.of(PICKLED),
                    staged -> {
                        SafetensorsWriter.write(
                                staged.resolve(WEIGHTS), tensors, SafetensorsWriter.PYTORCH);
                        StagedFile.write(
                                staged.resolve(AdapterConfigJson.FILE_NAME),
                                AdapterConfigJson.write(ExplicitConfig.of(plan)) + "\n");
                    });
        }
    }
}

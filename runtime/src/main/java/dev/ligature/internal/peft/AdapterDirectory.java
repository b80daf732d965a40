package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.files.CheckpointDirectory;
import dev.ligature.internal.files.OtherWeights;
import dev.ligature.internal.files.StagedDirectory;
import dev.ligature.internal.files.StagedFile;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.resolve.ExplicitConfig;
import dev.ligature.internal.resolve.FileReaders;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An adapter in PEFT's format, {@code adapter_config.json} and {@code adapter_model.safetensors},
 * or in that of mlx-lm.
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

    private final Path files;
    private final LoraConfig config;

    private AdapterDirectory(Path files, LoraConfig config) {
        this.files = files;
        this.config = config;
    }

    /**
     * Opens a directory and reads its configuration. If a process was killed while it replaced the
     * adapter, the former adapter is read.
     *
     * @throws CheckpointException if a file is missing, leads out of the directory or is pickled,
     *     or if the configuration asks for what is not supported
     * @throws IOException if a file cannot be read
     */
    public static AdapterDirectory open(Path directory) throws IOException {
        Objects.requireNonNull(directory, "directory");
        Path there =
                Files.exists(directory)
                        ? directory
                        : StagedDirectory.former(directory).orElse(directory);
        if (!there.equals(directory)) {
            LOG.warn(
                    "The replacement of {} was interrupted: the former adapter is read from {}",
                    directory,
                    there);
        }
        Path files = CheckpointDirectory.find(there);
        if (!Files.exists(files.resolve(AdapterConfigJson.FILE_NAME))) {
            throw noConfig(files);
        }
        weights(files);
        return new AdapterDirectory(files, readConfig(files));
    }

    private static boolean isOfMlx(Path directory) {
        return Files.exists(directory.resolve(MlxAdapter.WEIGHTS))
                && !Files.exists(directory.resolve(WEIGHTS));
    }

    private static LoraConfig readConfig(Path directory) throws IOException {
        return isOfMlx(directory)
                ? MlxAdapter.config(directory)
                : AdapterConfigJson.read(
                        CheckpointDirectory.file(directory, AdapterConfigJson.FILE_NAME));
    }

    /** PEFT saves an adapter that is not named "default" to a folder of its name. */
    private static CheckpointException noConfig(Path directory) throws IOException {
        // A file whose name tells that it is an adapter's, also without a configuration.
        Optional<OtherWeights.Found> other =
                OtherWeights.in(directory).filter(f -> f.name().matches("(?s).*(adapter|lora).*"));
        if (other.isPresent()) {
            return unread(directory, other.get());
        }
        try (Stream<Path> all = Files.list(directory)) {
            List<Path> adapters =
                    all.filter(path -> Files.exists(path.resolve(AdapterConfigJson.FILE_NAME)))
                            .sorted()
                            .toList();
            String names = NameList.list(adapters.stream().map(StagedFile::name).toList());
            return adapters.isEmpty()
                    ? PeftMessage.CONFIG_MISSING.fileError(directory)
                    : PeftMessage.CONFIG_IN_FOLDERS.fileError(directory, names, adapters.get(0));
        }
    }

    private static Path weights(Path directory) throws IOException {
        String name = isOfMlx(directory) ? MlxAdapter.WEIGHTS : WEIGHTS;
        if (!Files.exists(directory.resolve(name))) {
            Optional<OtherWeights.Found> other = OtherWeights.in(directory);
            if (other.isPresent()) {
                throw unread(directory, other.get());
            }
        }
        return CheckpointDirectory.file(directory, name);
    }

    private static CheckpointException unread(Path directory, OtherWeights.Found file) {
        OtherWeights.Kind kind = file.kind();
        return switch (kind) {
            case PEFT_PICKLE, PICKLE -> PeftMessage.PICKLED.fileError(directory, file.name());
            case TORCHTUNE_PICKLE -> PeftMessage.TORCHTUNE.fileError(directory, file.name());
            default ->
                    PeftMessage.OTHER_FORMAT.fileError(
                            directory, file.name(), kind.what(), kind.remedy());
        };
    }

    /** Returns the configuration in the directory. */
    public LoraConfig config() {
        return config;
    }

    /**
     * Returns the configuration resolved for a model, with regard to the names of the tensors.
     *
     * @param layout the modules of the model, which must be initialised
     * @throws dev.ligature.LoraException if the configuration does not fit the model
     * @throws CheckpointException if the file is damaged
     * @throws IOException if the file cannot be read
     */
    public LoraPlan plan(ModelLayout layout) throws IOException {
        return plan(layout, AdapterLoadOptions.defaults());
    }

    private LoraPlan plan(ModelLayout layout, AdapterLoadOptions options) throws IOException {
        if (config.modulesToSave().isEmpty()
                && !config.ensureWeightTying()
                && !options.isUntied()) {
            return PlanResolver.resolveForLoading(config, layout);
        }
        Set<String> names = new HashSet<>();
        try (SafetensorsReader reader = SafetensorsReader.open(weights(files))) {
            for (String key : reader.tensors().keySet()) {
                if (!options.ignores(key)) {
                    names.add(AdapterLayout.name(key));
                }
            }
        }
        LoraConfig read = options.isUntied() ? FileReaders.untied(config, layout, names) : config;
        return PlanResolver.resolveForLoading(read, layout, names);
    }

    /**
     * Returns the configuration resolved for a base, with the file's values of what the base has
     * others of, where the options ask for them.
     */
    public LoraPlan plan(BaseWeights base, AdapterLoadOptions options) throws IOException {
        checkTask(options);
        LoraPlan plan = plan(base.layout(), options);
        BaseDifference choice = options.baseDifference();
        if (choice == BaseDifference.KEEP
                || (choice == BaseDifference.FAIL
                        && plan.pairs().stream().noneMatch(PairPlan::startsFromWeight))) {
            return plan;
        }
        try (SafetensorsReader reader = SafetensorsReader.open(weights(files));
                NDManager scratch = NDManager.newBaseManager()) {
            AdapterTensors tensors = AdapterTensors.match(reader, plan, base.layout(), options);
            return new BaseTensors(reader, tensors, base, scratch).withFile(plan, choice);
        }
    }

    /**
     * Reads the arrays of a plan.
     *
     * <p>Every key of the file must belong to the plan or be a weight that equals the base's, and
     * all of the plan must be in the file. Where modules share a pair, a copy or rows, the saved
     * ones must be equal bit for bit; one is enough. The arrays have the plan's data types; half
     * precision is widened. They do not change with the file.
     *
     * @param base what the base's own weights in the file are compared with
     * @param manager the owner of the arrays
     * @param options the exceptions to what must match
     * @return the arrays, in the plan's order, without those that may be missing and are
     * @throws CheckpointException if the file does not fit the plan
     * @throws IOException if the file cannot be read
     */
    public AdapterContents read(
            LoraPlan plan, BaseWeights base, NDManager manager, AdapterLoadOptions options)
            throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(weights(files));
                NDManager temporary = manager.newSubManager()) {
            checkUnchanged();
            AdapterTensors tensors = AdapterTensors.match(reader, plan, base.layout(), options);
            new BaseTensors(reader, tensors, base, temporary).check(options.baseDifference());
            AdapterContents contents = new AdapterArrays(reader, tensors, temporary).read();
            // Only now, so that an error above leaves nothing behind.
            contents.arrays().forEach(array -> array.attach(manager));
            return contents;
        }
    }

    private void checkTask(AdapterLoadOptions options) {
        String type = config.metadata().taskType();
        AdapterLoadOptions.Task asked = options.task().orElse(null);
        if (type != null && asked != null && !type.equals(asked.type())) {
            throw PeftMessage.TASK.error(files, type, asked.title(), asked.type());
        }
    }

    /** Checks that the weights, open by now, are not those of an adapter that replaced this one. */
    private void checkUnchanged() throws IOException {
        if (!readConfig(files).equals(config)) {
            throw PeftMessage.CONFIG_CHANGED.fileError(files.resolve(AdapterConfigJson.FILE_NAME));
        }
    }

    /**
     * Writes an adapter that PEFT loads.
     *
     * <p>The directory appears whole or not at all; an adapter that is there already is replaced at
     * the end, and other files in the directory stay. A shared pair or copy is written once for
     * each module that reads it, and the configuration names all of them; token rows are written
     * once. The base's weights are not written, but where the adapter has others of its file.
     *
     * @throws CheckpointException if it cannot be written
     * @throws IllegalArgumentException if the arrays are not those of the plan
     */
    public static void write(Path directory, LoraPlan plan, AdapterContents contents)
            throws IOException {
        try (NDManager views = NDManager.newBaseManager()) {
            Map<String, NDArray> tensors = AdapterArrays.toStored(plan, contents, views);
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

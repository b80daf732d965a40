package dev.ligature.models;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.annotation.Role;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.inject.ModelDescription;
import dev.ligature.internal.files.HubCache;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.store.AdapterSource;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model out of a Hugging Face directory, wrapped for adapters, with its tokenizer.
 *
 * <pre>{@code
 * try (PretrainedModel model = PretrainedModel.load(directory)) {
 *     model.lora().load("kotlin", adapterDirectory);
 *     TextGenerator generator = TextGenerator.of(model, Routing.of("kotlin"));
 *     …
 * }
 * }</pre>
 *
 * <p>The class of the model follows from config.json: {@link ModelFamily}.
 */
public final class PretrainedModel implements AutoCloseable {
    private static final String TOKENIZER = "tokenizer.json";

    private final Path directory;
    private final NDManager manager;
    private final Block block;
    private final LoraModel lora;
    private final ModelFamily<?> family;
    private final Optional<DecoderShape> decoder;
    private final Optional<EncoderDecoderShape> encoderDecoder;
    private final SpecialTokens tokens;
    private @Nullable TextTokenizer tokenizer; // guarded by this

    private <M extends Block> PretrainedModel(
            Path directory, NDManager manager, ModelFamily<M> family, M model) {
        this.directory = directory;
        this.manager = manager;
        this.block = model;
        this.family = family;
        this.lora = LoraModel.wrap(model, family.visit());
        this.decoder = family.decoder(model);
        this.encoderDecoder = family.encoderDecoder(model);
        this.tokens = family.tokens(model);
    }

    /**
     * Loads a model, frozen, in the data types of its file.
     *
     * @param directory the directory of config.json, the weights and tokenizer.json, or its
     *     repository's folder in a hub's cache, of which the current snapshot is read
     * @throws IOException if a file is missing or damaged, if no {@link ModelFamily} implements the
     *     model, or if a tensor is missing or surplus; the message names it
     */
    public static PretrainedModel load(Path directory) throws IOException {
        return load(directory, LoadOptions.defaults());
    }

    /**
     * Loads a model.
     *
     * @param directory the directory of config.json, the weights and tokenizer.json
     * @param options data type and the like
     * @throws IOException as {@link #load(Path)}
     */
    public static PretrainedModel load(Path directory, LoadOptions options) throws IOException {
        return load(directory, options, false, null);
    }

    /**
     * Loads a model onto a device.
     *
     * @param directory the directory of config.json, the weights and tokenizer.json
     * @param options data type and the like
     * @param device where the weights and the adapters are, and passes are computed
     * @throws IOException as {@link #load(Path)}
     */
    public static PretrainedModel load(Path directory, LoadOptions options, Device device)
            throws IOException {
        return load(directory, options, false, Objects.requireNonNull(device, "device"));
    }

    /**
     * Loads a model whose head gets a weight of its own where it is tied to the embedding, so that
     * an adapter that treats the two differently can be merged.
     *
     * @param directory the directory of config.json, the weights and tokenizer.json
     * @param options data type and the like
     * @throws IOException as {@link #load(Path)}
     * @throws LoraException if the head is not tied
     */
    public static PretrainedModel loadUntied(Path directory, LoadOptions options)
            throws IOException {
        return load(directory, options, true, null);
    }

    private static PretrainedModel load(
            Path directory, LoadOptions options, boolean untie, @Nullable Device device)
            throws IOException {
        Path files = HubCache.snapshot(directory);
        return load(ModelFamily.of(files), files, options, untie, device);
    }

    private static <M extends Block> PretrainedModel load(
            ModelFamily<M> family,
            Path directory,
            LoadOptions options,
            boolean untie,
            @Nullable Device device)
            throws IOException {
        M model = family.create(directory);
        @Nullable NDManager manager = null;
        try (BaseCheckpoint checkpoint = family.open(directory)) {
            checkpoint.readAhead(options.ignore(family.ignoredTensors().toArray(new String[0])));
            // This starts the engine, where it is the first one of the process.
            manager =
                    device == null ? NDManager.newBaseManager() : NDManager.newBaseManager(device);
            family.load(model, checkpoint, manager, options);
            if (untie) {
                String[] heads =
                        family.describe().modules().stream()
                                .filter(module -> module.role() == Role.OUTPUT_HEAD)
                                .map(ModelDescription.Module::name)
                                .toArray(String[]::new);
                LoraModel.untieBase(model, family.visit(), heads);
            }
            return new PretrainedModel(directory, manager, family, model);
        } catch (IOException | RuntimeException | Error e) {
            if (manager != null) {
                manager.close();
            }
            throw e;
        }
    }

    /** Returns the wrapped model. */
    public LoraModel lora() {
        return lora;
    }

    /**
     * Loads an adapter, if it was made for a model of this kind.
     *
     * @param name what it is called from now on
     * @param adapter its directory, as PEFT saves one
     * @param options what of its file need not fit the model
     * @throws LoraException if its {@code task_type} does not fit the model, or as {@link
     *     LoraModel#load(String, Path, AdapterLoadOptions)}
     * @throws IOException if a file is missing or damaged
     */
    public Adapter loadAdapter(String name, Path adapter, AdapterLoadOptions options)
            throws IOException {
        return lora.load(name, adapter, ofThisTask(options));
    }

    /**
     * Opens a store of adapters for this model, which refuses those that were made for a model of
     * another kind.
     *
     * @param adapters has a folder for each adapter, named like it
     * @param budgetBytes the upper limit of the bytes of all arrays
     * @param options what of their files need not fit the model
     * @throws LoraException as {@link AdapterStore#open(LoraModel, Path, long, AdapterLoadOptions)}
     */
    public AdapterStore openAdapters(Path adapters, long budgetBytes, AdapterLoadOptions options) {
        return AdapterStore.open(lora, adapters, budgetBytes, ofThisTask(options));
    }

    /**
     * Opens a store of adapters from a source, and refuses those of another task.
     *
     * @param source where they come from; stays open when the store is closed
     * @param budgetBytes the upper limit of the bytes of their arrays
     * @param options what of their files need not fit the model
     * @throws LoraException as {@link AdapterStore#open(LoraModel, AdapterSource, long,
     *     AdapterLoadOptions)}
     */
    public AdapterStore openAdapters(
            AdapterSource source, long budgetBytes, AdapterLoadOptions options) {
        return AdapterStore.open(lora, source, budgetBytes, ofThisTask(options));
    }

    private AdapterLoadOptions ofThisTask(AdapterLoadOptions options) {
        return options.forTask(task().taskType(), task().title());
    }

    /** Returns what the model's outputs are. */
    public ModelTask task() {
        return family.task();
    }

    /** Returns the directory of the model's files. */
    public Path directory() {
        return directory;
    }

    /**
     * Opens the files of the model, which know the names of its tensors.
     *
     * @throws IOException if a file is missing or damaged
     */
    public BaseCheckpoint checkpoint() throws IOException {
        return family.open(directory);
    }

    /**
     * Returns the number of tokens that the model knows: the rows of its embedding, or what its
     * decoder says.
     *
     * @throws LoraException if none of its modules has the role of an embedding, and it is not a
     *     decoder
     */
    public int vocabulary() {
        return lora.layout().modules().stream()
                .filter(module -> module.role() == Role.INPUT_EMBEDDING)
                .findFirst()
                .map(module -> Math.toIntExact(module.shape().get(0)))
                .orElseGet(() -> decoder().vocabulary());
    }

    /** Returns the model itself, of its own class. */
    public Block block() {
        return block;
    }

    /** Returns the owner of the model's weights. */
    public NDManager manager() {
        return manager;
    }

    /** Returns the special tokens that the configuration names. */
    public SpecialTokens tokens() {
        return tokens;
    }

    /**
     * Returns the sizes that text generation depends on.
     *
     * @throws LoraException if the model is not a decoder
     */
    public DecoderShape decoder() {
        return decoder.orElseThrow(() -> ModelMessage.NOT_DECODER.error(directory));
    }

    /**
     * Returns what generation depends on in a model whose decoder reads an encoder.
     *
     * @throws LoraException if the model is of another kind
     */
    public EncoderDecoderShape encoderDecoder() {
        return encoderDecoder.orElseThrow(() -> ModelMessage.NOT_ENCODER_DECODER.error(directory));
    }

    /**
     * Returns the tokenizer, which is opened on the first call and closed with the model.
     *
     * @throws IOException if the directory has no tokenizer.json, or it is not a tokenizer
     */
    public synchronized TextTokenizer tokenizer() throws IOException {
        TextTokenizer opened = tokenizer;
        if (opened == null) {
            opened = TextTokenizer.open(directory.resolve(TOKENIZER));
            tokenizer = opened;
        }
        return opened;
    }

    /** Frees the adapters, the model and the tokenizer. */
    @Override
    public synchronized void close() {
        lora.close();
        if (tokenizer != null) {
            tokenizer.close();
        }
        manager.close();
    }
}

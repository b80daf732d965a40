package dev.ligature.models.serving;

import ai.djl.Device;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.translate.Translator;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An encoder with its adapters, as the block of a DJL model; makes the translator for itself. */
final class ServedEncoder extends ForwardingBlock
        implements Supplier<Translator<Input, Output>>, AutoCloseable {
    private static final String ADAPTERS = "adapters";
    private static final String MEMORY = "adapterMemory";
    private static final int MEMORY_MIB = 1024;
    private static final int MOST_MIB = 1 << 30;

    private final PretrainedModel model;
    private final @Nullable AdapterStore store;
    private final Block routed;
    private final Translator<Input, Output> translator;

    private ServedEncoder(PretrainedModel model, @Nullable AdapterStore store) throws IOException {
        this.model = model;
        this.store = store;
        this.routed = model.lora().routedByInput();
        this.translator = new EncoderTranslator(task(model), store);
    }

    /**
     * Loads a model.
     *
     * @param directory the model's
     * @param device where it computes
     * @param arguments those of the model's {@code serving.properties}
     */
    static ServedEncoder open(Path directory, Device device, Map<String, ?> arguments)
            throws IOException {
        Object named = arguments.get(ADAPTERS);
        Path adapters = directory.resolve(named == null ? ADAPTERS : named.toString());
        long bytes = memory(arguments) << 20;
        PretrainedModel model = PretrainedModel.load(directory, LoadOptions.defaults(), device);
        AdapterStore store = null;
        try {
            if (named != null || Files.isDirectory(adapters)) {
                store = model.openAdapters(adapters, bytes, AdapterLoadOptions.defaults());
            }
            return new ServedEncoder(model, store);
        } catch (IOException | RuntimeException | Error e) {
            if (store != null) {
                store.close();
            }
            model.close();
            throw e;
        }
    }

    private static long memory(Map<String, ?> arguments) {
        Object given = arguments.get(MEMORY);
        String text = given == null ? String.valueOf(MEMORY_MIB) : given.toString().strip();
        try {
            int mib = Integer.parseInt(text);
            if (mib > 0 && mib <= MOST_MIB) {
                return mib;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw ModelMessage.SERVING_ARGUMENT.error(MEMORY, text, MOST_MIB);
    }

    private static EncoderTask task(PretrainedModel model) throws IOException {
        if (model.task() == ModelTask.FEATURE_EXTRACTION) {
            return EncoderTask.embedding(model);
        }
        if (model.task() == ModelTask.SEQ_CLS) {
            return EncoderTask.classification(model);
        }
        throw ModelMessage.SERVING_TASK.error(model.directory(), model.task().title());
    }

    @Override
    public Block base() {
        return routed;
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return routed.forward(parameterStore, inputs, training, params);
    }

    @Override
    public Translator<Input, Output> get() {
        return translator;
    }

    /** Frees the adapters and the model; DJL's model does it with its own arrays. */
    @Override
    public void close() throws LoraException {
        if (store != null) {
            store.close();
        }
        model.close();
    }
}

package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A base model in memory, wrapped for adapters.
 *
 * @param base the model
 */
record LoadedModel(PretrainedModel base) implements AutoCloseable {
    /** The name of the adapter that a command works with. */
    static final String ADAPTER = "adapter";

    private static final LoadOptions IN_FP32 =
            LoadOptions.defaults().withDataType(DataType.FLOAT32);

    /** Loads a base model in fp32. */
    static LoadedModel open(Path directory) throws IOException {
        return open(directory, IN_FP32, false);
    }

    /** Loads a base model in fp32. */
    static LoadedModel open(Path directory, ModelFileOptions files) throws IOException {
        return open(directory, files.on(IN_FP32), false);
    }

    /** Loads a base model whose weights are held as an option says. */
    static LoadedModel open(Path directory, ModelFileOptions files, WeightOptions weights)
            throws IOException {
        return open(directory, weights.on(files.on(IN_FP32)), false);
    }

    /** Loads a base model in fp32 whose head has a weight of its own. */
    static LoadedModel openUntied(Path directory, ModelFileOptions files) throws IOException {
        return open(directory, files.on(IN_FP32), true);
    }

    private static LoadedModel open(Path directory, LoadOptions load, boolean untie)
            throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new BadInputException(
                    directory
                            + (Files.exists(directory) ? " is not a directory" : " does not exist")
                            + ". Give the directory of a Hugging Face checkpoint.");
        }
        return new LoadedModel(
                untie
                        ? PretrainedModel.loadUntied(directory, load)
                        : PretrainedModel.load(directory, load));
    }

    /** Loads a base model in fp32, and an adapter where one is named. */
    static LoadedModel open(ModelOptions options) throws IOException {
        return open(options, IN_FP32);
    }

    /** Loads a base model, and an adapter where one is named. */
    static LoadedModel open(ModelOptions options, LoadOptions load) throws IOException {
        LoadedModel loaded = open(options.model, options.on(load), false);
        try {
            if (options.adapter != null) {
                loaded.base.loadAdapter(ADAPTER, options.adapter, options.adapterOptions());
            }
            return loaded;
        } catch (IOException | RuntimeException | Error e) {
            loaded.close();
            throw e;
        }
    }

    NDManager manager() {
        return base.manager();
    }

    LoraModel lora() {
        return base.lora();
    }

    /** Returns the number of tokens that the model knows. */
    int vocabulary() {
        return base.vocabulary();
    }

    SpecialTokens tokens() {
        return base.tokens();
    }

    TextTokenizer tokenizer() throws IOException {
        return base.tokenizer();
    }

    /**
     * Returns the token that ends a text, from the model's configuration.
     *
     * @throws BadInputException if it names none
     */
    int endOfText() {
        return tokens().stops().stream()
                .findFirst()
                .orElseThrow(
                        () ->
                                new BadInputException(
                                        "The model's config.json has no eos_token_id, which"
                                                + " separates documents. Add it."));
    }

    /** Returns the way through the adapter if one is loaded, else through the base. */
    Routing routing() {
        return lora().hasAdapter(ADAPTER) ? Routing.of(ADAPTER) : Routing.none();
    }

    /**
     * Returns logits (B, T, V) of a block over this model.
     *
     * @param block the block
     * @param ids (B, T) int64, and what else the model takes; the logits belong to its manager
     */
    static NDArray logits(Block block, NDArray... ids) {
        ParameterStore store = new ParameterStore(ids[0].getManager(), false);
        return block.forward(store, new NDList(ids), false).get(0);
    }

    /** Prints the warnings of the adapter, if one is loaded. */
    void warn(Terminal terminal) {
        routing()
                .adapter()
                .ifPresent(
                        name ->
                                lora().adapter(name)
                                        .plan()
                                        .warnings()
                                        .forEach(
                                                warning ->
                                                        terminal.note(
                                                                "warning: "
                                                                        + Failure.withOptions(
                                                                                warning
                                                                                        .toString()))));
    }

    /** Returns how many numbers a model has learnt. */
    static long parameterCount(Block model) {
        return model.getParameters().values().stream()
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }

    /** Frees the adapters and the model. */
    @Override
    public void close() {
        base.close();
    }
}

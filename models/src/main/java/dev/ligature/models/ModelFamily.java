package dev.ligature.models;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;

/**
 * Models of one architecture: how they are created from a config.json, and what is known of them.
 *
 * <p>Families are found by {@link ServiceLoader}: an implementation with a public constructor
 * without parameters is named in {@code META-INF/services/dev.ligature.models.ModelFamily}. With
 * that, {@link PretrainedModel}, text generation, the server and the command line work with its
 * models.
 *
 * @param <M> the class of the models, whose generated class has {@link #visit} and {@link
 *     #describe}
 */
public interface ModelFamily<M extends Block> {
    /** Returns the {@code model_type}s of config.json that this family implements. */
    Set<String> modelTypes();

    /**
     * Creates a model without weights.
     *
     * @param directory the directory of a Hugging Face checkpoint, for its config.json
     * @throws IOException if the configuration is missing, is damaged, or asks for something that
     *     the family does not compute
     */
    M create(Path directory) throws IOException;

    /** Returns the {@code visit} method of the generated class. */
    ModelWalk<M> visit();

    /** Returns what the generated class describes: modules, roles and ties. */
    ModelDescription describe();

    /**
     * Returns the sizes of a decoder, whose inputs are those of {@link
     * dev.ligature.models.block.DecoderInputs}; empty if the models do not generate text.
     *
     * @param model a model that {@link #create} returned
     */
    Optional<DecoderShape> decoder(M model);

    /**
     * Returns the special tokens that the model's configuration names.
     *
     * @param model a model that {@link #create} returned
     */
    SpecialTokens tokens(M model);

    /** Returns names of tensors that are in checkpoints and not read, {@code *} for any text. */
    default List<String> ignoredTensors() {
        return List.of();
    }

    /**
     * Loads a model.
     *
     * @param directory the directory of config.json and the weights
     * @param manager the owner of the weights
     * @param options data type and the like
     * @throws IOException if a file is missing or damaged, if the configuration asks for what the
     *     family does not compute, or if a tensor is missing or surplus; the message names it
     */
    default M load(Path directory, NDManager manager, LoadOptions options) throws IOException {
        M model = create(directory);
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            checkpoint.load(
                    model,
                    visit(),
                    manager,
                    options.ignore(ignoredTensors().toArray(new String[0])),
                    new Shape(1, 1)); // one token
        }
        return model;
    }

    /**
     * Returns the family of a checkpoint, by the {@code model_type} of its config.json.
     *
     * @param directory the directory of a Hugging Face checkpoint
     * @throws IOException if there is no config.json, or no family implements its type; the message
     *     lists those that do
     */
    static ModelFamily<?> of(Path directory) throws IOException {
        ConfigFields fields = ConfigFields.ofModel(directory);
        TreeMap<String, ModelFamily<?>> known = new TreeMap<>();
        for (ModelFamily<?> family : ServiceLoader.load(ModelFamily.class)) {
            family.modelTypes().forEach(type -> known.put(type, family));
        }
        Optional<String> type = fields.string("model_type");
        ModelFamily<?> family = known.get(type.orElse(""));
        if (family == null) {
            throw ModelMessage.FAMILY_UNKNOWN.fileError(
                    fields.origin(),
                    type.map(name -> "\"" + name + "\"").orElse("missing"),
                    String.join(", ", known.keySet()),
                    Nearest.hint(type.orElse(""), known.keySet()));
        }
        return family;
    }
}

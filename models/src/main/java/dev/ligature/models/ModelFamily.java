package dev.ligature.models;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
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
     * Returns the classes of Transformers that this family implements, of which config.json lists
     * one in {@code architectures}; empty if {@link #create} sees to that itself.
     */
    default Set<String> architectures() {
        return Set.of();
    }

    /** Returns what the outputs of the models are. */
    default ModelTask task() {
        return ModelTask.CAUSAL_LM;
    }

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
     * Returns what generation depends on in a model whose decoder reads an encoder; empty if the
     * models are of another kind.
     *
     * @param model a model that {@link #create} returned
     */
    default Optional<EncoderDecoderShape> encoderDecoder(M model) {
        return Optional.empty();
    }

    /**
     * Returns the special tokens that the model's configuration names.
     *
     * @param model a model that {@link #create} returned
     */
    SpecialTokens tokens(M model);

    /**
     * Returns what files may call a tensor instead of its name in the model, the likeliest first.
     *
     * @param tensor the name in the model
     */
    default List<String> otherNames(String tensor) {
        return List.of();
    }

    /** Returns names of tensors that are in checkpoints and not read, {@code *} for any text. */
    default List<String> ignoredTensors() {
        return List.of();
    }

    /**
     * Loads a model. Modules that config.json ties and whose tensors differ in the file are not
     * tied, as in Transformers; a warning says by how much they differ.
     *
     * @param directory the directory of config.json and the weights
     * @param manager the owner of the weights
     * @param options data type and the like
     * @throws IOException if a file is missing or damaged, if the configuration asks for what the
     *     family does not compute, or if a tensor is missing or surplus; the message names it
     */
    default M load(Path directory, NDManager manager, LoadOptions options) throws IOException {
        M model = create(directory);
        try (BaseCheckpoint checkpoint = open(directory)) {
            load(model, checkpoint, manager, options);
        }
        return model;
    }

    /**
     * Opens the files of a model.
     *
     * @param directory the directory of the weights
     * @throws IOException if a file is missing or damaged
     */
    default BaseCheckpoint open(Path directory) throws IOException {
        return BaseCheckpoint.open(directory, this::otherNames);
    }

    /**
     * Loads the weights of a model. {@link PretrainedModel} and {@link #load(Path, NDManager,
     * LoadOptions)} call this, so a family that loads in a way of its own overrides this one.
     *
     * @param model a model that {@link #create} returned
     * @param checkpoint its files, by {@link #open}
     * @param manager the owner of the weights
     * @param options data type and the like
     * @throws IOException if a file is damaged, or if a tensor is missing or surplus
     */
    default void load(M model, BaseCheckpoint checkpoint, NDManager manager, LoadOptions options)
            throws IOException {
        checkpoint.load(
                model,
                visit(),
                manager,
                options.ignore(ignoredTensors().toArray(new String[0])).untyingWhatDiffers(),
                new Shape(1, 1)); // one token
    }

    /**
     * Returns the family of a checkpoint, by the {@code model_type} of its config.json and the
     * class in its {@code architectures}; where it lists no class, the first family of the type.
     *
     * @param directory the directory of a Hugging Face checkpoint
     * @throws IOException if there is no config.json, or no family implements its type or class;
     *     the message lists those that do
     */
    static ModelFamily<?> of(Path directory) throws IOException {
        ConfigFields fields = ConfigFields.ofModel(directory);
        TreeMap<String, List<ModelFamily<?>>> known = new TreeMap<>();
        for (ModelFamily<?> family : ServiceLoader.load(ModelFamily.class)) {
            for (String type : family.modelTypes()) {
                known.computeIfAbsent(type, ignored -> new ArrayList<>()).add(family);
            }
        }
        Optional<String> type = fields.string("model_type");
        List<ModelFamily<?>> families = known.getOrDefault(type.orElse(""), List.of());
        if (families.isEmpty()) {
            throw ModelMessage.FAMILY_UNKNOWN.fileError(
                    fields.origin(),
                    type.map(name -> "\"" + name + "\"").orElse("missing"),
                    String.join(", ", known.keySet()),
                    hint(fields, type.orElse(""), known.keySet()));
        }
        Optional<Object> classes = fields.value("architectures");
        if (classes.isEmpty()) {
            return families.get(0);
        }
        Set<String> architectures = new LinkedHashSet<>();
        for (ModelFamily<?> family : families) {
            architectures.addAll(family.architectures());
            if (family.architectures().isEmpty()
                    || (classes.get() instanceof List<?> list
                            && list.stream().anyMatch(family.architectures()::contains))) {
                return family;
            }
        }
        throw fields.unsupported("architectures", String.join(", ", architectures));
    }

    /** Says which known type is near, or that a model of texts is a part of this one. */
    private static String hint(ConfigFields fields, String type, Set<String> known)
            throws CheckpointException {
        Optional<ConfigFields> texts = fields.object("text_config");
        Optional<String> part =
                texts.isEmpty() ? Optional.empty() : texts.get().string("model_type");
        return part.filter(known::contains)
                .map(
                        name ->
                                " Its text_config is of type "
                                        + name
                                        + ": such a text model is computed, from a checkpoint of"
                                        + " its own.")
                .orElseGet(() -> Nearest.hint(type, known));
    }
}

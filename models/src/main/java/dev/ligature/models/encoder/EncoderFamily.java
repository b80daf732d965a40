package dev.ligature.models.encoder;

import ai.djl.nn.Block;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.ModelTask;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An encoder with one head, or with none: one class of Transformers.
 *
 * <p>Files of a model with a head load where the tensors below the head have no prefix, and those
 * of a model without a head where they have one, as in Transformers.
 *
 * @param <M> the class of the models
 */
public abstract class EncoderFamily<M extends Block> implements ModelFamily<M> {
    private final String modelType;
    private final String architecture;
    private final ModelTask task;
    private final ModelWalk<M> visit;
    private final ModelDescription description;

    /**
     * Creates a family.
     *
     * @param modelType the {@code model_type} of config.json
     * @param architecture the class of Transformers
     * @param task what its outputs are
     * @param visit the {@code visit} method of the generated class
     * @param description what the generated class describes
     */
    protected EncoderFamily(
            String modelType,
            String architecture,
            ModelTask task,
            ModelWalk<M> visit,
            ModelDescription description) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.task = task;
        this.visit = visit;
        this.description = description;
    }

    /**
     * Creates a model without weights.
     *
     * @param fields the fields of config.json, with the class in their messages
     * @param directory the directory of config.json
     */
    protected abstract M create(ConfigFields fields, Path directory) throws IOException;

    /** Returns the prefix of the tensors below a head, with its dot. */
    protected abstract String prefix();

    @Override
    public final Set<String> modelTypes() {
        return Set.of(modelType);
    }

    @Override
    public final Set<String> architectures() {
        return Set.of(architecture);
    }

    @Override
    public final ModelTask task() {
        return task;
    }

    @Override
    public final M create(Path directory) throws IOException {
        return create(ConfigFields.ofModel(directory).of(architecture), directory);
    }

    @Override
    public final ModelWalk<M> visit() {
        return visit;
    }

    @Override
    public final ModelDescription describe() {
        return description;
    }

    @Override
    public final Optional<DecoderShape> decoder(M model) {
        return Optional.empty();
    }

    @Override
    public final SpecialTokens tokens(M model) {
        return SpecialTokens.none();
    }

    /** Returns the name with the prefix if it has none, and without it if it has one. */
    @Override
    public List<String> otherNames(String tensor) {
        List<String> names = new ArrayList<>();
        names.add(
                tensor.startsWith(prefix())
                        ? tensor.substring(prefix().length())
                        : prefix() + tensor);
        return names;
    }
}

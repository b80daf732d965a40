package dev.ligature;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.ExportReport;
import dev.ligature.internal.merge.MergedWeights;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The base model with adapters merged: W + ΔW is computed once per touched weight and used in place
 * of W, so a forward pass costs what the base's costs.
 *
 * <p>Nothing is written to the base. Closing this frees the merged weights, and that is the
 * unmerge: the base is bit for bit what it was, because it was never touched. It costs the memory
 * of the touched weights, and later steps of the adapter are not seen. Thread-safe: any number of
 * threads may forward, next to the base and to other adapters.
 *
 * <pre>{@code
 * try (BaseCheckpoint base = BaseCheckpoint.open(baseDirectory);
 *         MergedModel merged = lora.merge(Routing.of("legal"), MergeOptions.SAFE)) {
 *     merged.export(base, output, ExportOptions.defaults()); // a checkpoint without adapters
 * }
 * }</pre>
 */
public final class MergedModel extends ForwardingBlock implements AutoCloseable {
    final MergedWeights weights;

    MergedModel(MergedWeights weights) {
        this.weights = weights;
    }

    /**
     * Writes the merged model as a Hugging Face directory: a copy of the base's checkpoint with the
     * merged tensors in place of the base's, in the same shards and data types unless the options
     * name another one, with the configuration, the tokenizer and the licence. Modules that were
     * untied get tensors of their own, and {@code config.json} then says {@code
     * tie_word_embeddings: false}.
     *
     * @param base the checkpoint that the base model was loaded from
     * @param output the directory to write, which must not exist; it appears whole or not at all
     * @param options the data type
     * @return what was rounded, and how far
     * @throws CheckpointException if the output exists or cannot be written, if the checkpoint has
     *     no tensor of a merged weight, or if a value is not finite or too large for its data type
     * @throws IOException if a file cannot be read
     */
    public ExportReport export(BaseCheckpoint base, Path output, ExportOptions options)
            throws IOException {
        Objects.requireNonNull(base, "base");
        Objects.requireNonNull(output, "output");
        Objects.requireNonNull(options, "options");
        return weights.export(base, output, options);
    }

    @Override
    public Block base() {
        return weights.base();
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return weights.forward(parameterStore, inputs, training, params);
    }

    @Override
    public ParameterList getDirectParameters() {
        return weights.parameters(base().getDirectParameters());
    }

    /** Returns the base's parameters, with sums in place of those that are merged. */
    @Override
    public ParameterList getParameters() {
        return weights.parameters(base().getParameters());
    }

    /** Writes the sums where the base would write its weights; the base's class loads them. */
    @Override
    public void saveParameters(DataOutputStream stream) throws IOException {
        weights.save(stream);
    }

    /**
     * Refuses to load.
     *
     * @throws LoraException {@code LoraMergedIsFixed}, always
     */
    @Override
    public void loadParameters(NDManager manager, DataInputStream stream) {
        throw weights.isFixed("loaded into");
    }

    /** Frees the merged weights when the requests that use them have ended. */
    @Override
    public void close() {
        weights.close();
    }

    @Override
    public String toString() {
        return "Merged(" + weights.label() + ", " + base() + ")";
    }
}

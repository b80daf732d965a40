package dev.ligature.models.llama;

import static dev.ligature.models.decoder.SizeChecks.positive;
import static dev.ligature.models.decoder.SizeChecks.require;

import dev.ligature.models.DecoderShape;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Rope;
import dev.ligature.models.decoder.SizeChecks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the config.json of a checkpoint says about a Llama, or a model that {@link LlamaVariant}
 * lists. The components have the names of the file's fields.
 *
 * @param family {@code model_type}
 * @param vocabSize the number V of tokens
 * @param hiddenSize the size d of a token's hidden state
 * @param intermediateSize the size of the feed-forward part
 * @param numHiddenLayers the number of layers
 * @param numAttentionHeads the number H of query heads
 * @param numKeyValueHeads the number KV of key heads, which divides H
 * @param headDim the size D of a head, even
 * @param maxPositionEmbeddings the longest text the model was made for, in tokens
 * @param rmsNormEps what the norms add to the mean square
 * @param rope how positions turn queries and keys
 * @param ropeless the indices of layers that know no positions; empty but for SmolLM3
 * @param slidingWindow how many tokens one sees, itself among them; 0 if it sees all before it
 * @param tieWordEmbeddings whether the head reads the embedding's weight
 * @param attentionBias whether the four projections of attention have a bias; Qwen2 does not look
 *     at it
 * @param mlpBias whether the feed-forward projections have a bias
 * @param initializerRange the standard deviation of fresh weights
 * @param dataType the {@code dtype} that the checkpoint was written for, {@code float32} for one
 * @param tokens the special tokens; the stops of generation_config.json are among them
 */
public record LlamaConfig(
        LlamaVariant family,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        int maxPositionEmbeddings,
        double rmsNormEps,
        Rope rope,
        List<Integer> ropeless,
        int slidingWindow,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        boolean mlpBias,
        double initializerRange,
        String dataType,
        SpecialTokens tokens) {
    /** Checks that the sizes are possible. */
    public LlamaConfig {
        positive("vocab_size", vocabSize);
        positive("hidden_size", hiddenSize);
        positive("intermediate_size", intermediateSize);
        SizeChecks.layers("num_hidden_layers", numHiddenLayers);
        positive("num_attention_heads", numAttentionHeads);
        if (family == LlamaVariant.LLAMA || family == LlamaVariant.QWEN2) {
            SizeChecks.divides(hiddenSize, numAttentionHeads);
        }
        SizeChecks.heads(numAttentionHeads, numKeyValueHeads, headDim);
        positive("max_position_embeddings", maxPositionEmbeddings);
        positive("rms_norm_eps", rmsNormEps);
        positive("rope_theta", rope.theta());
        require(slidingWindow >= 0, "sliding_window", slidingWindow, "positive or null");
        require(initializerRange >= 0, "initializer_range", initializerRange, "0 or positive");
        ropeless = List.copyOf(ropeless);
    }

    /**
     * Reads config.json, and the stop ids of generation_config.json where there is one.
     *
     * @param modelDirectory the directory of a Hugging Face checkpoint
     * @throws IOException if a file is missing or no JSON, or if it asks for something that {@link
     *     LlamaForCausalLM} does not compute; the message names the field and its value
     */
    public static LlamaConfig read(Path modelDirectory) throws IOException {
        return LlamaConfigReader.read(modelDirectory);
    }

    /**
     * Reads a config.json alone, of a model that is still to be made.
     *
     * @param file the file
     * @throws IOException as {@link #read}
     */
    public static LlamaConfig readFile(Path file) throws IOException {
        return LlamaConfigReader.readFile(file);
    }

    /** Returns a builder with the defaults of Transformers. */
    public static LlamaConfigBuilder builder() {
        return new LlamaConfigBuilder();
    }

    /** Returns the config.json of this configuration, which Transformers 4 and 5 load. */
    public String toJson() {
        return LlamaConfigWriter.write(this);
    }

    /** Returns the sizes that text generation depends on. */
    public DecoderShape decoderShape() {
        return new DecoderShape(
                vocabSize, maxPositionEmbeddings, numHiddenLayers, numKeyValueHeads, headDim);
    }

    /** Returns the base of the rotary frequencies. */
    public double ropeTheta() {
        return rope.theta();
    }

    /** Returns the heads of attention. */
    Heads heads() {
        return new Heads(numKeyValueHeads, numAttentionHeads / numKeyValueHeads, headDim);
    }

    /** Returns the kind of each layer. */
    List<LayerKind> layerKinds() {
        LayerKind usual = new LayerKind(rope, slidingWindow);
        LayerKind other = new LayerKind(Rope.NONE, slidingWindow);
        return IntStream.range(0, numHiddenLayers)
                .mapToObj(i -> ropeless.contains(i) ? other : usual)
                .toList();
    }

    /** Returns whether the query, key and value projections have a bias. */
    boolean queryKeyValueBias() {
        return family == LlamaVariant.QWEN2 || attentionBias;
    }

    /** Returns whether the output projection of attention has a bias. */
    boolean outputBias() {
        return family != LlamaVariant.QWEN2 && attentionBias;
    }
}

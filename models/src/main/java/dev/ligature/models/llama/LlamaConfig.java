package dev.ligature.models.llama;

import dev.ligature.models.DecoderShape;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What the config.json of a checkpoint says about a Llama or Qwen2 model. The components have the
 * names of the file's fields.
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
 * @param ropeTheta the base of the rotary frequencies
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
        double ropeTheta,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        boolean mlpBias,
        double initializerRange,
        String dataType,
        SpecialTokens tokens) {
    /** The blocks of the layers are made before the checkpoint is looked at. */
    private static final int MOST_LAYERS = 10_000;

    /** Checks that the sizes are possible. */
    public LlamaConfig {
        require(vocabSize > 0, "vocab_size", vocabSize, "positive");
        require(hiddenSize > 0, "hidden_size", hiddenSize, "positive");
        require(intermediateSize > 0, "intermediate_size", intermediateSize, "positive");
        require(
                numHiddenLayers > 0 && numHiddenLayers <= MOST_LAYERS,
                "num_hidden_layers",
                numHiddenLayers,
                "positive and at most " + MOST_LAYERS);
        require(numAttentionHeads > 0, "num_attention_heads", numAttentionHeads, "positive");
        require(
                hiddenSize % numAttentionHeads == 0,
                "hidden_size",
                hiddenSize,
                "a multiple of num_attention_heads, " + numAttentionHeads);
        require(
                numKeyValueHeads > 0 && numAttentionHeads % numKeyValueHeads == 0,
                "num_key_value_heads",
                numKeyValueHeads,
                "a divisor of num_attention_heads, " + numAttentionHeads);
        require(headDim > 0 && headDim % 2 == 0, "head_dim", headDim, "positive and even");
        require(
                maxPositionEmbeddings > 0,
                "max_position_embeddings",
                maxPositionEmbeddings,
                "positive");
        require(rmsNormEps > 0, "rms_norm_eps", rmsNormEps, "positive");
        require(ropeTheta > 0, "rope_theta", ropeTheta, "positive");
        require(initializerRange >= 0, "initializer_range", initializerRange, "0 or positive");
    }

    private static void require(boolean holds, String field, Number value, String wanted) {
        if (!holds) {
            throw ModelMessage.FIELD_VALUE.error(field, value, wanted);
        }
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

    /** Returns the number G of query heads that share a key head. */
    int groups() {
        return numAttentionHeads / numKeyValueHeads;
    }

    /** Returns whether the query, key and value projections have a bias. */
    boolean queryKeyValueBias() {
        return family == LlamaVariant.QWEN2 || attentionBias;
    }

    /** Returns whether the output projection of attention has a bias. */
    boolean outputBias() {
        return family == LlamaVariant.LLAMA && attentionBias;
    }
}

package dev.ligature.models.llama;

import dev.ligature.LoraException;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.Rope;
import java.util.List;

/** Builds a {@link LlamaConfig}; what is not set has the default of Transformers. */
public final class LlamaConfigBuilder {
    private LlamaVariant family = LlamaVariant.LLAMA;
    private int vocabSize;
    private int hiddenSize;
    private int intermediateSize;
    private int numHiddenLayers;
    private int numAttentionHeads;
    private int numKeyValueHeads;
    private int headDim;
    private int maxPositionEmbeddings;
    private double rmsNormEps = 1e-6;
    private Rope rope = Rope.of(10_000);
    private List<Integer> ropeless = List.of();
    private int slidingWindow;
    private boolean tieWordEmbeddings;
    private boolean attentionBias;
    private boolean mlpBias;
    private double initializerRange = 0.02;
    private String dataType = "float32";
    private SpecialTokens tokens = SpecialTokens.none();

    LlamaConfigBuilder() {}

    /** Sets the number of tokens. */
    public LlamaConfigBuilder setVocabSize(int size) {
        vocabSize = size;
        return this;
    }

    /** Sets the size of a token's hidden state. */
    public LlamaConfigBuilder setHiddenSize(int size) {
        hiddenSize = size;
        return this;
    }

    /** Sets the size of the feed-forward part. */
    public LlamaConfigBuilder setIntermediateSize(int size) {
        intermediateSize = size;
        return this;
    }

    /** Sets the number of layers. */
    public LlamaConfigBuilder setNumHiddenLayers(int layers) {
        numHiddenLayers = layers;
        return this;
    }

    /** Sets the number of query heads. */
    public LlamaConfigBuilder setNumAttentionHeads(int heads) {
        numAttentionHeads = heads;
        return this;
    }

    /** Sets the model type; Llama by default. */
    public LlamaConfigBuilder optFamily(LlamaVariant chosen) {
        family = chosen;
        return this;
    }

    /** Sets the number of key heads; by default as many as query heads. */
    public LlamaConfigBuilder optNumKeyValueHeads(int heads) {
        numKeyValueHeads = heads;
        return this;
    }

    /** Sets the size of a head; by default the hidden size divided by the query heads. */
    public LlamaConfigBuilder optHeadDim(int size) {
        headDim = size;
        return this;
    }

    /** Sets the longest text, in tokens. */
    public LlamaConfigBuilder optMaxPositionEmbeddings(int tokens) {
        maxPositionEmbeddings = tokens;
        return this;
    }

    /** Sets what the norms add to the mean square. */
    public LlamaConfigBuilder optRmsNormEps(double eps) {
        rmsNormEps = eps;
        return this;
    }

    /** Sets the base of the rotary frequencies. */
    public LlamaConfigBuilder optRopeTheta(double theta) {
        return optRope(Rope.of(theta));
    }

    /** Sets how positions turn queries and keys. */
    public LlamaConfigBuilder optRope(Rope chosen) {
        rope = chosen;
        return this;
    }

    /** Sets the indices of layers that know no positions. */
    public LlamaConfigBuilder optRopeless(List<Integer> layers) {
        ropeless = layers;
        return this;
    }

    /** Sets how many tokens one sees, itself among them; 0, the default, if all before it. */
    public LlamaConfigBuilder optSlidingWindow(int tokens) {
        slidingWindow = tokens;
        return this;
    }

    /** Sets whether the head reads the embedding's weight. */
    public LlamaConfigBuilder optTieWordEmbeddings(boolean tie) {
        tieWordEmbeddings = tie;
        return this;
    }

    /** Sets whether the projections of attention have a bias. */
    public LlamaConfigBuilder optAttentionBias(boolean bias) {
        attentionBias = bias;
        return this;
    }

    /** Sets whether the feed-forward projections have a bias. */
    public LlamaConfigBuilder optMlpBias(boolean bias) {
        mlpBias = bias;
        return this;
    }

    /** Sets the standard deviation of fresh weights. */
    public LlamaConfigBuilder optInitializerRange(double deviation) {
        initializerRange = deviation;
        return this;
    }

    /** Sets the data type of the checkpoint, by its name in config.json. */
    public LlamaConfigBuilder optDataType(String name) {
        dataType = name;
        return this;
    }

    /** Sets the special tokens. */
    public LlamaConfigBuilder optTokens(SpecialTokens special) {
        tokens = special;
        return this;
    }

    /**
     * Returns the configuration.
     *
     * @throws LoraException if a size is missing or impossible
     */
    public LlamaConfig build() {
        return new LlamaConfig(
                family,
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads == 0 ? numAttentionHeads : numKeyValueHeads,
                headDim == 0 && numAttentionHeads > 0 ? hiddenSize / numAttentionHeads : headDim,
                maxPositionEmbeddings == 0 ? family.defaultPositions() : maxPositionEmbeddings,
                rmsNormEps,
                rope,
                ropeless,
                slidingWindow,
                tieWordEmbeddings,
                attentionBias,
                mlpBias,
                initializerRange,
                dataType,
                tokens);
    }
}

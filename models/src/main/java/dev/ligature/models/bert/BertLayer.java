package dev.ligature.models.bert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.block.Cast;
import dev.ligature.models.block.Linears;
import dev.ligature.models.block.Residual;
import org.jspecify.annotations.Nullable;

/**
 * One layer: self-attention and the feed-forward part, each beside a residual path and before a
 * norm (Devlin et al., "BERT", 2018). There is no dropout, in training neither.
 *
 * <ul>
 *   <li>inputs: x {@code (B, T, d)}, the scalar 1/√D, and where there is padding a mask {@code (B,
 *       1, 1, T)}, fp32, that is added to the scores
 *   <li>output: {@code (B, T, d)}
 * </ul>
 */
public final class BertLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("attention.self.query")
    Block query;

    @LoraTarget("attention.self.key")
    Block key;

    @LoraTarget("attention.self.value")
    Block value;

    @LoraTarget("attention.output.dense")
    Block attentionOutput;

    @LoraTarget("attention.output.LayerNorm")
    Block attentionNorm;

    @LoraTarget("intermediate.dense")
    Block intermediate;

    @LoraTarget("output.dense")
    Block output;

    @LoraTarget("output.LayerNorm")
    Block outputNorm;

    private final BertConfig config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    BertLayer(BertConfig config) {
        super(VERSION);
        this.config = config;
        long d = config.hiddenSize();
        query = addChildBlock("query", Linears.of(d, true));
        key = addChildBlock("key", Linears.of(d, true));
        value = addChildBlock("value", Linears.of(d, true));
        attentionOutput = addChildBlock("attention_output", Linears.of(d, true));
        attentionNorm = addChildBlock("attention_norm", norm(config));
        intermediate = addChildBlock("intermediate", Linears.of(config.intermediateSize(), true));
        output = addChildBlock("output", Linears.of(d, true));
        outputNorm = addChildBlock("output_norm", norm(config));
    }

    /** Returns a norm over the last of three axes. */
    static LayerNorm norm(BertConfig config) {
        return LayerNorm.builder().axis(2).optEpsilon((float) config.layerNormEps()).build();
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = new NDList(inputs.get(0)); // (B, T, d)
        NDArray q = heads(query.forward(parameterStore, x, training, params)); // (B, H, T, D)
        NDArray k = heads(key.forward(parameterStore, x, training, params)); // (B, H, T, D)
        NDArray v = heads(value.forward(parameterStore, x, training, params)); // (B, H, T, D)
        q = training ? q.mul(inputs.get(1)) : q.muli(inputs.get(1));
        NDArray scores = q.matMul(k.swapAxes(2, 3)); // (B, H, T, D) x (D, T) -> (B, H, T, T)
        scores = Cast.to(scores, DataType.FLOAT32);
        if (inputs.size() > 2) {
            // The product of matrices keeps its factors for the gradient, not the product.
            scores = scores.addi(inputs.get(2));
        }
        NDArray attended =
                Cast.to(scores.softmax(3), v.getDataType())
                        .matMul(v) // (B, H, T, T) x (T, D) -> (B, H, T, D)
                        .swapAxes(1, 2)
                        .reshape(x.get(0).getShape()); // (B, T, d)
        NDArray projected =
                attentionOutput
                        .forward(parameterStore, new NDList(attended), training, params)
                        .singletonOrThrow(); // (B, T, d)
        NDList normed =
                attentionNorm.forward(
                        parameterStore,
                        new NDList(Residual.plus(projected, x.get(0), training)),
                        training,
                        params); // (B, T, d)
        NDArray wide =
                intermediate.forward(parameterStore, normed, training, params).singletonOrThrow();
        NDArray narrow =
                output.forward(
                                parameterStore,
                                new NDList(config.hiddenAct().of(wide, training)), // (B, T, I)
                                training,
                                params)
                        .singletonOrThrow(); // (B, T, d)
        return outputNorm.forward(
                parameterStore,
                new NDList(Residual.plus(narrow, normed.singletonOrThrow(), training)),
                training,
                params); // (B, T, d)
    }

    /** Splits (B, T, d) into heads: (B, H, T, D). */
    private NDArray heads(NDList projected) {
        NDArray y = projected.singletonOrThrow();
        Shape shape = y.getShape();
        return y.reshape(shape.get(0), shape.get(1), config.numAttentionHeads(), config.headSize())
                .swapAxes(1, 2);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        query.initialize(manager, dataType, x);
        key.initialize(manager, dataType, x);
        value.initialize(manager, dataType, x);
        attentionOutput.initialize(manager, dataType, x);
        attentionNorm.initialize(manager, dataType, x);
        intermediate.initialize(manager, dataType, x);
        output.initialize(
                manager, dataType, new Shape(x.get(0), x.get(1), config.intermediateSize()));
        outputNorm.initialize(manager, dataType, x);
    }
}

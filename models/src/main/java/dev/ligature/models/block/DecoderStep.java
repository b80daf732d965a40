package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pass over one new token of each of several texts that the engine's operators compute in one
 * call for all layers. For one token a call of the engine costs about as much as what it computes.
 */
final class DecoderStep {
    private final Call call;
    private final TextsPass texts;
    private final Operators operators;

    DecoderStep(Call call, TextsPass texts, NDArray x) {
        this.call = call;
        this.texts = texts;
        this.operators = OperatorLookup.of(call.parameterStore(), x, false);
    }

    /**
     * Returns the output of the layers, or null where they are to be called one by one.
     *
     * @param x the hidden states, {@code (B, 1, d)}
     * @param layers the layers
     * @param kinds the kind of each
     * @param tables the rotary tables of a kind
     */
    @Nullable NDArray of(
            NDArray x,
            List<? extends Block> layers,
            List<LayerKind> kinds,
            Function<LayerKind, RotaryTables> tables) {
        if (x.getShape().get(0) > operators.textsAtOnce() || x.getDataType() != DataType.FLOAT32) {
            return null;
        }
        List<LayerTerms> terms = new ArrayList<>(layers.size());
        for (int i = 0; i < layers.size(); i++) {
            LayerKind kind = kinds.get(i);
            texts.enter(i, kind.window());
            LayerTerms layer =
                    layers.get(i) instanceof PreNormLayer block
                            ? block.terms(x, tables.apply(kind), texts, call)
                            : null;
            if (layer == null) {
                return null;
            }
            terms.add(layer);
        }
        return operators.layers(x, terms, texts.caches(terms.get(0).attention()));
    }
}

package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Operators for passes without gradients. */
final class ServingOperators implements Operators {
    /** The tokens from which oneDNN's product is faster; it makes nothing of a single row. */
    private static final long ROWS = 8;

    private static final Operators PLAIN = OperatorLookup.plain(false);

    private final @Nullable Script script; // null where the engine's own product is faster
    private final Decoding decoding;

    ServingOperators(@Nullable Script script, Decoding decoding) {
        this.script = script;
        this.decoding = decoding;
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        long in = weight.getShape().get(1);
        if (!Tensors.fits(x, weight, bias)) {
            return PLAIN.linear(x, weight, bias);
        }
        NDArray ofFewRows = decoding.linear(x, weight, bias);
        if (ofFewRows != null) {
            return ofFewRows;
        }
        if (script == null || x.size() < ROWS * in) {
            return PLAIN.linear(x, weight, bias);
        }
        NDManager owner = x.getManager();
        // An alias keeps the graph, which the script looks for.
        try (NDArray alias = Tensors.alias(x, owner);
                NDArray w = Tensors.detached(weight, owner)) {
            return script.linear(alias, w, bias);
        }
    }

    @Override
    public NDArray rmsNorm(NDArray x, NDArray weight, float epsilon) {
        return PLAIN.rmsNorm(x, weight, epsilon);
    }

    @Override
    public NDArray swiGlu(NDArray gate, NDArray up) {
        return PLAIN.swiGlu(gate, up);
    }

    @Override
    public NDArray attention(
            NDArray queries, NDArray keys, NDArray values, NDList caches, AttentionSpan span) {
        NDArray y = decoding.attention(queries, keys, values, caches, span);
        return y == null ? PLAIN.attention(queries, keys, values, caches, span) : y;
    }

    @Override
    public int textsAtOnce() {
        return decoding.textsAtOnce();
    }

    @Override
    public @Nullable NDArray layers(NDArray x, List<LayerTerms> layers, NDList caches) {
        return decoding.layers(x, layers, caches);
    }
}

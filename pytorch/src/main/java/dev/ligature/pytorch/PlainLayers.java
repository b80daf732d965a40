package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.LinearTerms;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Computes {@link Operators#layers} by DJL's arrays, to compare the script's with. */
final class PlainLayers {
    private static final Operators PLAIN = OperatorLookup.plain(false);
    private static final int LAST = 3; // the axis of a head's elements

    private PlainLayers() {}

    static NDArray of(NDArray x, List<LayerTerms> layers, NDList caches) {
        NDArray hidden = x; // (B, 1, d)
        for (int i = 0; i < layers.size(); i++) {
            NDList own = new NDList(); // (2, KV, C, D) each
            for (NDArray cache : caches) {
                own.add(cache.split(layers.size(), 0).get(i));
            }
            hidden = layer(hidden, layers.get(i), own);
        }
        return hidden;
    }

    private static NDArray layer(NDArray x, LayerTerms layer, NDList caches) {
        NDArray attended = x.add(attention(norm(x, layer.attentionNorm()), layer, caches));
        NDArray z = norm(attended, layer.feedForwardNorm());
        NDArray gated = PLAIN.swiGlu(linear(z, layer.gate()), linear(z, layer.up()));
        return attended.add(linear(gated, layer.down()));
    }

    private static NDArray attention(NDArray z, LayerTerms layer, NDList caches) {
        LayerTerms.Attention of = layer.attention();
        LayerTerms.Rotation by = of.rotation();
        long texts = z.getShape().get(0);
        Shape grouped = new Shape(texts, of.keyHeads(), of.groups(), of.size());
        Shape single = new Shape(texts, of.keyHeads(), 1, of.size());
        NDArray q = normOfHeads(linear(z, of.query()).reshape(grouped), of.queryNorm());
        NDArray k = normOfHeads(linear(z, of.key()).reshape(single), of.keyNorm());
        NDArray v = linear(z, of.value()).reshape(single);
        NDArray y =
                PLAIN.attention(
                        turned(q, by.queryCos(), by.querySin(), by.turned()),
                        turned(k, by.keyCos(), by.keySin(), by.turned()),
                        v,
                        caches,
                        of.span()); // (B, KV, G, D)
        return linear(y.reshape(texts, 1, -1), of.output());
    }

    private static NDArray norm(NDArray x, LayerTerms.Norm norm) {
        return PLAIN.rmsNorm(x, norm.weight(), norm.epsilon());
    }

    private static NDArray normOfHeads(NDArray heads, LayerTerms.@Nullable Norm norm) {
        return norm == null ? heads : norm(heads, norm);
    }

    private static NDArray linear(NDArray x, LinearTerms by) {
        NDArray y = PLAIN.linear(x, by.weight(), by.bias());
        LinearTerms.Factors factors = by.factors();
        if (factors == null) {
            return y;
        }
        NDArray scaling = factors.scaling();
        return y.add(scaling == null ? ownTerm(x, factors) : term(x, factors, scaling));
    }

    /** Returns s (x Aᵀ) Bᵀ, (B, 1, out). */
    private static NDArray term(NDArray x, LinearTerms.Factors factors, NDArray scaling) {
        NDArray by = scaling.isScalar() ? scaling : scaling.expandDims(1); // (B, 1, r)
        return x.matMul(factors.a().transpose()).mul(by).matMul(factors.b().transpose());
    }

    /** Returns each row's term by its own factors, (B, 1, out). */
    private static NDArray ownTerm(NDArray x, LinearTerms.Factors factors) {
        NDArray items = factors.items();
        NDArray a = items == null ? factors.a() : factors.a().get(items); // (B, r·in)
        NDArray b = items == null ? factors.b() : factors.b().get(items); // (B, out·r)
        long rows = x.getShape().get(0);
        NDArray apart = a.reshape(rows, -1, x.getShape().get(2)); // (B, r, in)
        NDArray low = x.matMul(apart.swapAxes(1, 2)); // (B, 1, r)
        NDArray apartB = b.reshape(rows, -1, apart.getShape().get(1)); // (B, out, r)
        return low.matMul(apartB.swapAxes(1, 2));
    }

    private static NDArray turned(NDArray x, NDArray cos, NDArray sin, int turned) {
        NDArray y = x.mul(cos);
        if (turned == 0) {
            return y;
        }
        int half = turned / 2;
        NDList parts = x.split(new long[] {half, turned}, LAST);
        NDList exchanged = new NDList(parts.get(1), parts.get(0), parts.get(2));
        return y.add(NDArrays.concat(exchanged, LAST).mul(sin));
    }
}

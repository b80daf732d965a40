package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.LinearTerms;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of the script's {@code layers}, in the order that its text says. */
final class LayerArguments {
    /** The arrays, numbers and ε of a layer. */
    private static final int PARTS = 46;

    private static final int FORM = 6;
    private static final int EPSILONS = 4;

    private final NDArray none; // stands for an array that there is not
    private final List<NDArray> parts;
    private final Map<Integer, NDArray> items = new HashMap<>(); // whole numbers, by their place
    private final List<NDArray> tables = new ArrayList<>();
    private final List<AttentionSpan> spans = new ArrayList<>();
    private final IdentityHashMap<LayerTerms.Rotation, Integer> rotations = new IdentityHashMap<>();
    private final IdentityHashMap<AttentionSpan, Integer> seen = new IdentityHashMap<>();
    private final long[] form;
    private final double[] epsilons;

    LayerArguments(List<LayerTerms> layers, NDManager owner) {
        none = owner.create(new Shape(0));
        parts = new ArrayList<>(PARTS * layers.size());
        form = new long[FORM * layers.size()];
        epsilons = new double[EPSILONS * layers.size()];
        for (int i = 0; i < layers.size(); i++) {
            add(layers.get(i), i);
        }
    }

    private void add(LayerTerms layer, int index) {
        LayerTerms.Attention attention = layer.attention();
        parts.add(layer.attentionNorm().weight());
        add(attention.query());
        add(attention.key());
        add(attention.value());
        add(attention.output());
        add(attention.queryNorm());
        add(attention.keyNorm());
        parts.add(layer.feedForwardNorm().weight());
        add(layer.gate());
        add(layer.up());
        add(layer.down());
        int f = FORM * index;
        form[f] = attention.keyHeads();
        form[f + 1] = attention.groups();
        form[f + 2] = attention.size();
        form[f + 3] = rotations.computeIfAbsent(attention.rotation(), this::place);
        form[f + 4] = seen.computeIfAbsent(attention.span(), this::place);
        form[f + 5] = attention.rotation().turned();
        int e = EPSILONS * index;
        epsilons[e] = layer.attentionNorm().epsilon();
        epsilons[e + 1] = epsilon(attention.queryNorm());
        epsilons[e + 2] = epsilon(attention.keyNorm());
        epsilons[e + 3] = layer.feedForwardNorm().epsilon();
    }

    private void add(LinearTerms linear) {
        parts.add(linear.weight());
        parts.add(orNone(linear.bias()));
        LinearTerms.Factors factors = linear.factors();
        parts.add(factors == null ? none : factors.a());
        parts.add(factors == null ? none : factors.b());
        parts.add(factors == null ? none : orNone(factors.scaling()));
        NDArray which = factors == null ? null : factors.items();
        parts.add(none);
        if (which != null) {
            items.put(parts.size() - 1, which);
        }
    }

    private void add(LayerTerms.@Nullable Norm norm) {
        parts.add(norm == null ? none : norm.weight());
    }

    private NDArray orNone(@Nullable NDArray array) {
        return array == null ? none : array;
    }

    private static double epsilon(LayerTerms.@Nullable Norm norm) {
        return norm == null ? 0 : norm.epsilon();
    }

    private int place(LayerTerms.Rotation rotation) {
        int place = tables.size();
        tables.add(rotation.queryCos());
        tables.add(rotation.querySin());
        tables.add(rotation.keyCos());
        tables.add(rotation.keySin());
        return place;
    }

    private int place(AttentionSpan span) {
        int place = spans.size() * (2 * span.texts() + 1);
        spans.add(span);
        return place;
    }

    /** Returns whether the script computes with all arrays: fp32 on the processor. */
    boolean fit(NDArray x, NDList caches) {
        return Tensors.fits(x)
                && caches.stream().allMatch(Tensors::fits)
                && parts.stream().allMatch(Tensors::fits)
                && tables.stream().allMatch(Tensors::fits);
    }

    /**
     * Calls the script.
     *
     * @param rows how many rows there are of everything: as many as texts, or two of one text
     * @param few the most numbers of an input whose products are computed as those of few rows
     * @return the output, which belongs to x's manager
     */
    NDArray run(Script script, NDArray x, NDList caches, long rows, long few) {
        List<NDArray> all = new ArrayList<>(parts);
        items.forEach(all::set);
        try (IValue input = IValue.from((PtNDArray) x);
                IValue arrays = list(all);
                IValue rotated = list(tables);
                IValue numbers = IValue.listFrom(numbers());
                IValue keysAndValues = list(caches);
                IValue sizes = IValue.listFrom(form);
                IValue small = IValue.listFrom(epsilons);
                IValue each = IValue.from(rows);
                IValue most = IValue.from(few);
                NDArray y =
                        script.run(
                                OperatorNames.LAYERS,
                                x.getManager(),
                                input,
                                arrays,
                                rotated,
                                numbers,
                                keysAndValues,
                                sizes,
                                small,
                                each,
                                most)) {
            return y.duplicate(); // an array that can be written to
        }
    }

    private double[] numbers() {
        return spans.stream().flatMapToDouble(span -> Arrays.stream(span.values())).toArray();
    }

    private static IValue list(List<NDArray> arrays) {
        return IValue.listFrom(
                arrays.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
    }
}

package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.LinearTerms;
import java.util.List;
import java.util.Optional;

/** Compares layers as the script computes them with those of DJL's arrays. */
final class LayerCheck {
    private static final long[][] LENGTHS = {{3}, {0, 4, 9}};
    private static final int WINDOW = 3;
    private static final int HIDDEN = 10;
    private static final int INNER = 14;
    private static final int KEY_HEADS = 2;
    private static final int GROUPS = 3;
    private static final int SIZE = 6;
    private static final int CAPACITY = 12;
    private static final int RANK = 2;
    private static final long[] ITEMS = {2, 0, 2}; // of the adapters, by text
    private static final float SCALE = 0.3f;

    private final NDManager manager;
    private final int texts;
    private int made;
    private int adapted;

    private LayerCheck(NDManager manager, int texts) {
        this.manager = manager;
        this.texts = texts;
    }

    /** Returns the first fault of a script, if it has one. */
    static Optional<Fault> faultOf(Script script, NDManager manager) {
        for (long[] lengths : LENGTHS) {
            for (long few : new long[] {0, Long.MAX_VALUE}) {
                int rows = Math.max(2, lengths.length); // two of a text alone
                Optional<Fault> fault =
                        new LayerCheck(manager, lengths.length).compare(script, lengths, rows, few);
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Fault> compare(Script script, long[] lengths, int rows, long few) {
        List<LayerTerms> layers =
                List.of(layer(lengths, 0, SIZE, true), layer(lengths, WINDOW, SIZE - 2, false));
        NDList caches = new NDList();
        NDList copies = new NDList();
        for (long ignored : lengths) {
            caches.add(values(2L * layers.size(), KEY_HEADS, CAPACITY, SIZE));
            copies.add(caches.get(caches.size() - 1).duplicate());
        }
        NDArray x = values(lengths.length, 1, HIDDEN);
        NDArray y = new LayerArguments(layers, manager).run(script, x, caches, rows, few);
        NDArray expected = PlainLayers.of(x, layers, copies);
        return Fault.first(
                () -> Fault.compare(OperatorNames.LAYERS, y, expected),
                () -> Fault.compare(OperatorNames.LAYERS, caches.get(0), copies.get(0)));
    }

    private LayerTerms layer(long[] lengths, int window, int turned, boolean rich) {
        AttentionSpan span = new AttentionSpan(manager, lengths, window, rich ? 2f : 0f);
        int keys = KEY_HEADS * SIZE;
        long texts = lengths.length;
        return new LayerTerms(
                new LayerTerms.Norm(values(HIDDEN), 0.1f),
                new LayerTerms.Attention(
                        linear(HIDDEN, keys * GROUPS, rich, true),
                        linear(HIDDEN, keys, rich, false),
                        linear(HIDDEN, keys, false, true),
                        linear(keys * GROUPS, HIDDEN, false, false),
                        rich ? new LayerTerms.Norm(values(SIZE), 0.2f) : null,
                        rich ? new LayerTerms.Norm(values(SIZE), 0.3f) : null,
                        KEY_HEADS,
                        GROUPS,
                        SIZE,
                        new LayerTerms.Rotation(
                                values(texts, 1, 1, SIZE),
                                values(texts, 1, 1, SIZE),
                                values(texts, 1, 1, SIZE),
                                values(texts, 1, 1, SIZE),
                                turned),
                        span),
                new LayerTerms.Norm(values(HIDDEN), 0.4f),
                linear(HIDDEN, INNER, rich, true),
                linear(HIDDEN, INNER, false, true),
                linear(INNER, HIDDEN, rich, true));
    }

    private LinearTerms linear(int in, int out, boolean bias, boolean adapted) {
        LinearTerms plain = new LinearTerms(values(out, in), bias ? values(out) : null, null);
        return adapted ? plain.plus(factors(in, out)) : plain;
    }

    /** Returns factors of one adapter, or of several in one of their forms, in turn. */
    private LinearTerms.Factors factors(int in, int out) {
        adapted++;
        if (texts == 1 || adapted % 3 == 0) {
            NDArray scaling = manager.full(new Shape(), SCALE);
            return new LinearTerms.Factors(values(RANK, in), values(out, RANK), scaling);
        }
        if (adapted % 3 == 1) {
            NDArray scaling = values(texts, RANK);
            return new LinearTerms.Factors(values(RANK, in), values(out, RANK), scaling);
        }
        boolean inOrder = adapted % 2 == 0;
        long count = inOrder ? texts : ITEMS.length;
        return new LinearTerms.Factors(
                values(count, (long) RANK * in),
                values(count, (long) out * RANK),
                null,
                inOrder ? null : manager.create(ITEMS));
    }

    /** Returns numbers between −1 and 1 that differ from those of any other call. */
    private NDArray values(long... shape) {
        Shape of = new Shape(shape);
        float[] values = new float[(int) of.size()];
        made++;
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i * 1.7 + made * 0.61);
        }
        return manager.create(values, of);
    }
}

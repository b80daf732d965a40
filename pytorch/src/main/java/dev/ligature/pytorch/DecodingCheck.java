package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.List;
import java.util.Optional;

/** Compares the operators of generation with those of DJL's arrays. */
final class DecodingCheck {
    private static final Operators PLAIN = OperatorLookup.plain(false);
    private static final int[] ROWS = {1, 2, Decoding.FEW};
    private static final long[] LENGTHS = {0, 4, 21};
    private static final int KEY_HEADS = 2;
    private static final int GROUPS = 3;
    private static final int SIZE = 5;
    private static final int CAPACITY = 24;

    private static final int OUT = 33;
    private static final int IN = 65;

    private DecodingCheck() {}

    /** Returns the first fault of a script, if it has one. */
    static Optional<Fault> faultOf(Script script) {
        try (NDManager manager = NDManager.newBaseManager(Script.ENGINE)) {
            return Fault.first(
                    () -> attention(script, 0, 0, manager),
                    () -> attention(script, 4, 0, manager),
                    () -> attention(script, 0, 0.5f, manager),
                    () -> rows(script, manager),
                    () -> LayerCheck.faultOf(script, manager));
        }
    }

    private static Optional<Fault> attention(
            Script script, int window, float cap, NDManager manager) {
        int texts = LENGTHS.length;
        NDArray q = SelfCheck.values(manager, texts, KEY_HEADS, GROUPS, SIZE);
        NDArray k = SelfCheck.values(manager, texts, KEY_HEADS, 1, SIZE);
        NDArray v = k.mul(manager.create(-2f));
        NDList caches = new NDList();
        NDList copies = new NDList();
        for (int i = 0; i < texts; i++) {
            caches.add(SelfCheck.values(manager, 2, KEY_HEADS, CAPACITY, SIZE));
            copies.add(caches.get(i).duplicate());
        }
        AttentionSpan span = new AttentionSpan(manager, LENGTHS, window, cap);
        NDArray y = Decoding.attention(script, q, k, v, caches, span);
        NDArray expected = PLAIN.attention(q, k, v, copies, span);
        return Fault.first(
                () -> Fault.compare(OperatorNames.ATTENTION, y, expected),
                () -> Fault.compare(OperatorNames.ATTENTION, caches.get(1), copies.get(1)));
    }

    private static Optional<Fault> rows(Script script, NDManager manager) {
        NDArray w = SelfCheck.values(manager, OUT, IN);
        for (int rows : ROWS) {
            NDArray x = SelfCheck.values(manager, rows, 1, IN);
            NDArray expected = x.matMul(w.transpose());
            for (String method : List.of(OperatorNames.ROWS, Decoding.LINEAR)) {
                NDArray y = script.call(method, x, w).singletonOrThrow();
                Optional<Fault> fault = Fault.compare(method, y, expected);
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        return Optional.empty();
    }
}

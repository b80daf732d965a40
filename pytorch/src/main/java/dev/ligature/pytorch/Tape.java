package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tape over autograd. TorchScript has no functions with gradients of their own, so the graph is
 * cut: an operator computes with arrays that have no graph, and its result is a leaf of the graph
 * behind it. An argument that autograd computed becomes a leaf too, also for those that read it
 * later, and its own graph is kept for the way back.
 *
 * <p>{@link #backward} goes through the cuts from the last to the first. When a cut has its turn,
 * everything that read it has had its own, so its gradient is complete.
 */
final class Tape implements GradientTape {
    private static final Operators PLAIN = OperatorLookup.plain(true);

    private final Script script;
    private final NDManager manager;
    private final List<Cut> cuts = new ArrayList<>();
    private final IdentityHashMap<NDArray, Cut> byArray = new IdentityHashMap<>();
    private final IdentityHashMap<NDArray, Long> versions = new IdentityHashMap<>();

    Tape(Script script, NDManager parent) {
        this.script = script;
        this.manager = parent.newSubManager();
    }

    /** Gives the gradients of an operator's arguments, from that of its result. */
    @FunctionalInterface
    private interface Backward {
        void accept(NDArray gradient);
    }

    /** An array that is a leaf of the graph behind it. */
    private final class Cut {
        private final NDArray leaf;
        private final Backward backward;
        private @Nullable NDArray given;
        private boolean ownsGiven;

        Cut(NDArray leaf, Backward backward) {
            this.leaf = leaf;
            this.backward = backward;
            leaf.setRequiresGradient(true);
            cuts.add(this);
        }

        /**
         * Takes a part of the gradient, past autograd.
         *
         * @param owned whether nobody else reads the part
         */
        void give(NDArray part, boolean owned) {
            part.attach(manager);
            if (given == null) {
                given = part;
                ownsGiven = owned;
                return;
            }
            if (ownsGiven) {
                given.addi(part);
                part.close();
            } else if (owned) {
                part.addi(given);
                given.close();
                given = part;
            } else {
                NDArray sum = given.add(part);
                new NDList(given, part).close();
                given = sum;
            }
            ownsGiven = true;
        }

        /** Goes one cut back, and frees what is not needed any more. */
        void run() {
            NDArray found = call("gradient", leaf);
            if (found.size() == 0) { // nothing but operators of the tape read the array
                found.close();
            } else {
                give(found, false);
            }
            if (given != null) { // else the loss does not depend on it
                backward.accept(given);
                given.close();
            }
            leaf.close();
        }
    }

    /**
     * Returns the cut that an argument is, or makes it one; null if nothing before it is trained.
     */
    private @Nullable Cut cutAt(NDArray x) {
        Cut known = byArray.get(x);
        if (known != null) {
            return known;
        }
        Graph graph = graph(x);
        if (graph == Graph.NONE) {
            return null;
        }
        NDArray before = Tensors.alias(x, manager);
        NDArray leaf = Tensors.detached(x, manager);
        Cut cut =
                new Cut(
                        leaf,
                        gradient -> {
                            Tensors.backward(before, gradient);
                            before.close();
                        });
        if (graph == Graph.COMPUTED) { // a parameter stays what it is
            x.intern(Tensors.alias(leaf, manager));
        }
        byArray.put(x, cut);
        return cut;
    }

    /** What autograd knows of an array. */
    private enum Graph {
        NONE,
        LEAF,
        COMPUTED
    }

    private Graph graph(NDArray x) {
        try (NDArray alias = Tensors.alias(x, manager);
                NDArray answer = script.call("graph", alias).singletonOrThrow()) {
            return Graph.values()[Math.toIntExact(answer.getLong())];
        }
    }

    private boolean isFrozen(@Nullable NDArray parameter) {
        return parameter == null || graph(parameter) == Graph.NONE;
    }

    /** Returns the result of an operator for those that read it. */
    private NDArray cut(NDArray y, NDManager owner, Backward backward) {
        y.attach(manager);
        Cut cut = new Cut(y, backward);
        NDArray output = Tensors.alias(y, owner);
        byArray.put(output, cut);
        return output;
    }

    /** Returns an argument's values, for the way back. */
    private NDArray saved(NDArray x, @Nullable Cut before) {
        NDArray values = Tensors.detached(x, manager);
        if (before == null) { // autograd refuses to overwrite what has a graph
            versions.put(values, version(values));
        }
        return values;
    }

    private long version(NDArray x) {
        try (NDArray version = call("version", x)) {
            return version.getLong();
        }
    }

    /** Throws if an argument was overwritten since the operator read it. */
    private void checkUnchanged(NDArray values) {
        Long then = versions.get(values);
        if (then != null && then != version(values)) {
            throw OperatorMessage.OVERWRITTEN.error(values.getShape());
        }
    }

    private NDArray scalar(double value) {
        return manager.full(new Shape(), (float) value, DataType.FLOAT32);
    }

    private NDArray call(String method, NDArray... arguments) {
        return script.call(method, arguments).singletonOrThrow();
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        if (!Tensors.fits(x, weight, bias) || !isFrozen(weight) || !isFrozen(bias)) {
            return PLAIN.linear(x, weight, bias);
        }
        Cut before = cutAt(x);
        NDArray w = Tensors.detached(weight, manager);
        NDArray y;
        try (NDArray in = Tensors.detached(x, manager)) {
            y = script.linear(in, w, bias);
        }
        if (before == null) {
            w.close();
            y.attach(x.getManager());
            return y;
        }
        return cut(
                y,
                x.getManager(),
                dy -> {
                    before.give(call("linear_backward", dy, w), true);
                    w.close();
                });
    }

    @Override
    public @Nullable NDArray lora(
            NDArray x,
            NDArray weight,
            @Nullable NDArray bias,
            NDArray a,
            NDArray b,
            NDArray scaling) {
        if (!Tensors.fits(x, weight, a, b, scaling)
                || graph(a) != Graph.LEAF
                || graph(b) != Graph.LEAF
                || !isFrozen(weight)
                || !isFrozen(bias)) {
            return null;
        }
        Cut before = cutAt(x);
        NDArray in = saved(x, before);
        NDArray w = Tensors.detached(weight, manager);
        NDArray factorA = Tensors.detached(a, manager);
        NDArray factorB = Tensors.detached(b, manager);
        NDArray s = Tensors.detached(scaling, manager);
        Shape shape = weight.getShape();
        boolean merged = isMerged(x.size() / shape.get(1), shape.get(0), shape.get(1));
        NDArray y = call(merged ? "lora_merged" : "lora_term", in, w, factorA, factorB, s);
        if (bias != null) {
            y.addi(bias);
        }
        return cut(
                y,
                x.getManager(),
                dy -> {
                    checkUnchanged(in);
                    if (before != null) {
                        String method = merged ? "lora_merged_input" : "lora_term_input";
                        before.give(call(method, dy, w, factorA, factorB, s), true);
                    }
                    NDList gradients = script.call("lora_factors", dy, in, factorA, factorB, s);
                    gradients.attach(manager);
                    Tensors.backward(a, gradients.get(0));
                    Tensors.backward(b, gradients.get(1));
                    gradients.close();
                    new NDList(in, w, factorA, factorB, s).close();
                });
    }

    /** Returns whether W + s B A costs less than the term of some tokens, by operations. */
    private static boolean isMerged(long tokens, long out, long in) {
        return tokens * (in + out) >= 2 * in * out;
    }

    @Override
    public NDArray rmsNorm(NDArray x, NDArray weight, float epsilon) {
        if (!Tensors.fits(x, weight) || !isFrozen(weight)) {
            return PLAIN.rmsNorm(x, weight, epsilon);
        }
        Cut before = cutAt(x);
        if (before == null) {
            return PLAIN.rmsNorm(x, weight, epsilon);
        }
        NDArray in = saved(x, before);
        NDArray w = Tensors.detached(weight, manager);
        NDList results;
        try (NDArray e = scalar(epsilon)) {
            results = script.call("rms_norm", in, w, e);
        }
        NDArray r = results.get(1); // (…, 1)
        r.attach(manager);
        return cut(
                results.get(0),
                x.getManager(),
                dy -> {
                    before.give(call("rms_norm_backward", dy, in, w, r), true);
                    new NDList(in, w, r).close();
                });
    }

    @Override
    public NDArray swiGlu(NDArray gate, NDArray up) {
        if (!Tensors.fits(gate, up)) {
            return PLAIN.swiGlu(gate, up);
        }
        Cut gateCut = cutAt(gate);
        Cut upCut = cutAt(up);
        if (gateCut == null && upCut == null) {
            return PLAIN.swiGlu(gate, up);
        }
        NDArray g = saved(gate, gateCut);
        NDArray u = saved(up, upCut);
        return cut(
                call("swi_glu", g, u),
                gate.getManager(),
                dy -> {
                    checkUnchanged(g);
                    checkUnchanged(u);
                    NDList gradients = script.call("swi_glu_backward", dy, g, u);
                    gradients.attach(manager);
                    giveOrClose(gateCut, gradients.get(0));
                    giveOrClose(upCut, gradients.get(1));
                    new NDList(g, u).close();
                });
    }

    private static void giveOrClose(@Nullable Cut cut, NDArray gradient) {
        if (cut == null) {
            gradient.close();
        } else {
            cut.give(gradient, true);
        }
    }

    @Override
    public @Nullable NDArray crossEntropy(
            NDArray logits, NDArray classes, @Nullable NDArray counted, long items) {
        if (!Tensors.fits(logits)) {
            return null;
        }
        Cut before = cutAt(logits);
        if (before == null) {
            return null;
        }
        NDList results;
        try (NDArray share = scalar(1.0 / items);
                NDArray weight =
                        counted == null
                                ? manager.ones(classes.getShape()).muli(share)
                                : counted.mul(share); // (N, 1)
                NDArray values = Tensors.detached(logits, manager)) {
            results = script.call("cross_entropy", values, classes, weight);
        }
        NDArray gradient = results.get(1); // as the logits
        gradient.attach(manager);
        return cut(
                results.get(0),
                logits.getManager(),
                d -> before.give(call("times", gradient, d), true));
    }

    @Override
    public void backward(NDArray loss) {
        NDArray one = manager.ones(loss.getShape());
        Cut last = byArray.get(loss);
        if (last == null) {
            Tensors.backward(loss, one);
            one.close();
        } else {
            last.give(one, true);
        }
        for (int i = cuts.size() - 1; i >= 0; i--) {
            cuts.get(i).run();
        }
    }

    @Override
    public void close() {
        byArray.clear();
        versions.clear();
        cuts.clear();
        manager.close();
    }
}

package dev.ligature.internal.adapter;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of one weight (V, d) that the adapter has values of its own for, used in place of the
 * base's: W' is W with the rows at the indices replaced, not added to. Every module that is tied
 * reads these.
 *
 * <p>Readers are patched where they meet a row, instead of making the whole of W': an embedding in
 * the rows that it looked up, a linear layer in the columns of its output.
 */
public final class TokenRows {
    private final TokenRowsPlan plan;
    private final AdapterArray values;

    /** Of each row of the weight its place in the rows, (V) int32; 0 of a row that is not there. */
    private final NDArray places;

    /** The indices, (n) int64. */
    private final NDArray indices;

    private final List<Run> runs;

    /** Rows that follow each other in the weight and here: {@code [from, to)}, from {@code at}. */
    private record Run(int from, int to, int at) {}

    /**
     * Creates rows of given values.
     *
     * @param array the values, (n, d), which belong to the manager
     * @param manager the owner
     */
    TokenRows(TokenRowsPlan plan, NDArray array, NDManager manager) {
        this.plan = plan;
        values =
                new AdapterArray(
                        plan.name() + ".trainable_tokens", Parameter.Type.WEIGHT, array, manager);
        int[] places = new int[Math.toIntExact(plan.rows())];
        long[] indices = new long[plan.indices().size()];
        List<Run> runs = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < indices.length; i++) {
            int index = plan.indices().get(i);
            places[index] = i;
            indices[i] = index;
            if (i + 1 == indices.length || plan.indices().get(i + 1) != index + 1) {
                runs.add(new Run(plan.indices().get(at), index + 1, at));
                at = i + 1;
            }
        }
        this.runs = List.copyOf(runs);
        this.places = AdapterArray.own(manager.create(places), manager);
        this.indices = AdapterArray.own(manager.create(indices), manager);
    }

    /** Returns what was planned: which rows, and who reads them. */
    public TokenRowsPlan plan() {
        return plan;
    }

    /** Returns the rows, (n, d), in the order of the plan's indices. */
    public Parameter parameter() {
        return values.parameter();
    }

    /** Returns the same with arrays of its own. */
    TokenRows copy(NDManager manager) {
        return new TokenRows(plan, values.copy(manager), manager);
    }

    public AdapterArray values() {
        return values;
    }

    /**
     * Returns an embedding's output with the rows that it looked up.
     *
     * @param ids the token ids, (…)
     * @param y the base's output, (…, d)
     * @param rows the rows, (n, d)
     */
    public NDArray patchEmbedding(NDArray ids, NDArray y, NDArray rows) {
        NDManager owner = ids.getManager();
        NDArray flat = ids.reshape(-1); // (…) -> (N)
        NDArray place = attached(places.gather(flat, 0), owner); // (N)
        NDArray known = attached(indices.gather(place, 0), owner); // (N)
        NDArray hit = known.eq(flat).reshape(-1, 1); // (N, 1)
        NDArray cast = AdapterArray.in(y.getDataType(), rows, owner);
        NDArray found =
                Embedding.embedding(place, cast, SparseFormat.DENSE).singletonOrThrow(); // (N, d)
        Shape flatShape = found.getShape();
        NDArray out = NDArrays.where(hit.broadcast(flatShape), found, y.reshape(flatShape));
        return attached(attached(out, owner).reshape(y.getShape()), owner); // (N, d) -> (…, d)
    }

    /**
     * Writes the columns that the rows give into a linear layer's output.
     *
     * @param x the layer's input, (…, d)
     * @param y the base's output, (…, V), which nothing else reads yet
     * @param bias the layer's bias, (V), or null
     * @param rows the rows, (n, d)
     */
    public void patchLinear(NDArray x, NDArray y, @Nullable NDArray bias, NDArray rows) {
        NDManager owner = x.getManager();
        NDArray cast = AdapterArray.in(x.getDataType(), rows, owner);
        NDArray columns = Linear.linear(x, cast).singletonOrThrow(); // (…, d) x (d, n) -> (…, n)
        for (Run run : runs) {
            int end = run.at + run.to - run.from;
            NDArray part = columns.get(last(run.at, end)); // (…, m)
            if (bias != null) {
                part = part.add(attached(bias.get(first(run.from, run.to)), owner)); // + (m)
            }
            y.set(last(run.from, run.to), part); // in place, with its graph
        }
    }

    /**
     * Returns a weight with the rows in it.
     *
     * @param w the base's weight, (V, d)
     * @param rows the rows, (n, d)
     * @param owner the manager of the result
     */
    public NDArray in(NDArray w, NDArray rows, NDManager owner) {
        NDArray copy = AdapterArray.copy(w, w.getDataType(), owner); // (V, d)
        NDArray cast = AdapterArray.in(w.getDataType(), rows, owner);
        for (Run run : runs) {
            int end = run.at + run.to - run.from;
            copy.set(first(run.from, run.to), attached(cast.get(first(run.at, end)), owner));
        }
        return copy;
    }

    private static NDIndex first(int from, int to) {
        return new NDIndex().addSliceDim(from, to);
    }

    private static NDIndex last(int from, int to) {
        return new NDIndex().addEllipseDim().addSliceDim(from, to);
    }
}

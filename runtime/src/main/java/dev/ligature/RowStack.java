package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import dev.ligature.RowGroups.Group;
import dev.ligature.block.Cast;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The factors of all adapters of a batch at one weight, put together so that a term for every row
 * takes two products, however many adapters there are. For serving.
 *
 * @param a masked: (R, in), R the sum of the ranks; stacked: (B, in, r), r the largest rank
 * @param b masked: (out, R); stacked: (B, r, out), times each row's scaling
 * @param mask masked: (B, 1, R), each row's scaling at the columns of its adapter, else 0
 */
record RowStack(NDArray a, NDArray b, @Nullable NDArray mask) {

    /** Puts the factors of all groups side by side. */
    static RowStack masked(RowGroups rows, List<@Nullable FactorPair> pairs, NDManager manager) {
        NDList as = new NDList();
        NDList bs = new NDList();
        for (FactorPair pair : pairs) {
            if (pair != null) {
                as.add(pair.detached().a()); // (r, in)
                bs.add(pair.detached().b()); // (out, r)
            }
        }
        NDArray a = owned(NDArrays.concat(as), manager); // (R, in)
        NDArray b = owned(NDArrays.concat(bs, 1), manager); // (out, R)
        int ranks = (int) a.getShape().get(0);
        double[] mask = new double[rows.size() * ranks];
        int column = 0;
        for (int g = 0; g < pairs.size(); g++) {
            FactorPair pair = pairs.get(g);
            if (pair != null) {
                Group group = rows.groups().get(g);
                for (int at = group.from(); at < group.to(); at++) {
                    int row = (int) rows.order()[at] * ranks + column;
                    Arrays.fill(mask, row, row + pair.plan().rank(), pair.plan().scaling());
                }
                column += pair.plan().rank();
            }
        }
        Shape shape = new Shape(rows.size(), 1, ranks);
        return new RowStack(a, b, create(mask, shape, a.getDataType(), manager));
    }

    /** Gives each row its own factors, padded with zeros to one rank. */
    static RowStack stacked(RowGroups rows, List<@Nullable FactorPair> pairs, NDManager manager) {
        FactorPair any = pairs.stream().filter(pair -> pair != null).findAny().orElseThrow();
        int rank = pairs.stream().mapToInt(p -> p == null ? 0 : p.plan().rank()).max().orElse(0);
        long in = any.plan().in();
        long out = any.plan().out();
        DataType type = any.plan().dataType();
        double[] scaling = new double[rows.size()];
        NDList as = new NDList();
        NDList bs = new NDList();
        try (NDManager scope = manager.newSubManager()) {
            NDArray[] padded = new NDArray[rows.size() * 2];
            for (int g = 0; g < pairs.size(); g++) {
                FactorPair pair = pairs.get(g);
                NDArray a = scope.zeros(new Shape(rank, in), type);
                NDArray b = scope.zeros(new Shape(out, rank), type);
                if (pair != null) {
                    int own = pair.plan().rank();
                    a.set(new NDIndex().addSliceDim(0, own), pair.detached().a());
                    b.set(new NDIndex().addAllDim().addSliceDim(0, own), pair.detached().b());
                }
                Group group = rows.groups().get(g);
                for (int at = group.from(); at < group.to(); at++) {
                    int row = (int) rows.order()[at];
                    padded[2 * row] = a;
                    padded[2 * row + 1] = b;
                    scaling[row] = pair == null ? 0 : pair.plan().scaling();
                }
            }
            for (int row = 0; row < rows.size(); row++) {
                as.add(padded[2 * row]);
                bs.add(padded[2 * row + 1]);
            }
            NDArray a = owned(NDArrays.stack(as), manager); // (B, r, in)
            NDArray b = owned(NDArrays.stack(bs), manager); // (B, out, r)
            b.muli(create(scaling, new Shape(rows.size(), 1, 1), type, scope));
            return new RowStack(
                    owned(a.transpose(0, 2, 1), manager), // (B, in, r)
                    owned(b.transpose(0, 2, 1), manager), // (B, r, out)
                    null);
        }
    }

    private static NDArray create(double[] values, Shape shape, DataType type, NDManager manager) {
        if (type == DataType.FLOAT64) {
            return manager.create(values, shape);
        }
        float[] narrow = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            narrow[i] = (float) values[i];
        }
        return manager.create(narrow, shape);
    }

    private static NDArray owned(NDArray array, NDManager manager) {
        array.attach(manager); // an operation's result belongs to the manager of its operands
        return array;
    }

    /**
     * Adds each row's term to the output of a linear, in place.
     *
     * @param x the layer's input, (B, …, in)
     * @param y the base's output, (B, …, out)
     */
    void addLinear(NDArray x, NDArray y) {
        NDArray in = Cast.to(x, a.getDataType());
        long rows = x.getShape().get(0);
        long columns = x.getShape().get(x.getShape().dimension() - 1);
        NDArray flat = in.reshape(rows, x.size() / (rows * columns), columns); // (B, N, in)
        NDArray low; // (B, N, R) or (B, N, r)
        NDArray term; // (B, N, out)
        if (mask == null) {
            low = flat.matMul(a); // (B, N, in) x (B, in, r) -> (B, N, r)
            term = low.matMul(b); // (B, N, r) x (B, r, out) -> (B, N, out)
        } else {
            low = Linear.linear(flat, a).singletonOrThrow().muli(mask); // (B, N, in) -> (B, N, R)
            term = Linear.linear(low, b).singletonOrThrow(); // (B, N, R) x (R, out) -> (B, N, out)
        }
        add(y, term);
        new NDList(low, flat).close();
        if (in != x) {
            in.close();
        }
    }

    /**
     * Adds each row's term to the output of an embedding, in place.
     *
     * @param ids the token ids, (B, …)
     * @param y the base's output, (B, …, in)
     */
    void addEmbedding(NDArray ids, NDArray y) {
        if (mask == null) {
            throw new IllegalStateException("Factors by row have no table to look rows up in");
        }
        long rows = ids.getShape().get(0);
        NDArray flat = ids.reshape(rows, ids.size() / rows); // (B, N)
        NDArray low = Embedding.embedding(flat, b, SparseFormat.DENSE).singletonOrThrow();
        low.muli(mask); // (B, N, R)
        NDArray term = low.matMul(a); // (B, N, R) x (R, in) -> (B, N, in)
        add(y, term);
        new NDList(low, flat).close();
    }

    private static void add(NDArray y, NDArray term) {
        NDArray cast = Cast.to(term, y.getDataType());
        NDArray shaped = cast.reshape(y.getShape());
        y.addi(shaped);
        new NDList(term, cast, shaped).close();
    }
}

package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.PackedArray;
import dev.ligature.ops.WeightPacking;
import dev.ligature.ops.WeightPrecision;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Weights in fewer bits by a script. Which way a product goes is measured once in a process, for
 * few tokens and for many: some processors multiply bfloat16 faster than fp32, others not at all.
 */
final class ScriptPacking implements WeightPacking {
    /** The tokens up to which reading the weight is what a product costs. */
    static final long FEW = 8;

    private final Script script;
    private final PackedProducts products;

    ScriptPacking(Script script, PackedProducts products) {
        this.script = script;
        this.products = products;
    }

    /** Made when it is first asked for. */
    private static final class Shared {
        static final @Nullable ScriptPacking INSTANCE = PackedProducts.load();
    }

    /** Returns the packing of this process; null if the engine does not take the script. */
    static @Nullable ScriptPacking shared() {
        return Shared.INSTANCE;
    }

    @Override
    public PackedArray pack(NDArray weight, WeightPrecision precision, NDManager owner) {
        Shape shape = weight.getShape(); // (out, in)
        if (shape.dimension() != 2 || !Tensors.fits(weight)) {
            throw new IllegalArgumentException(
                    "A weight that is packed is a matrix of FLOAT32 on the processor, not "
                            + weight.getDataType()
                            + " of shape "
                            + shape);
        }
        try (NDArray w = Tensors.detached(weight, owner)) {
            NDList packed = script.call("pack_" + suffix(precision), w);
            packed.attach(owner);
            NDArray scales = packed.size() > 1 ? packed.get(1) : null; // (2 out)
            return new ScriptPackedArray(this, precision, shape, packed.head(), scales, owner);
        }
    }

    NDArray unpack(PackedArray packed, NDManager owner) {
        NDArray values = call("unpack_" + suffix(packed.precision()), null, packed);
        values.attach(owner);
        return values;
    }

    NDArray linear(NDArray x, PackedArray weight, @Nullable NDArray bias) {
        if (x.getDataType() != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "A weight that is packed multiplies FLOAT32, not " + x.getDataType());
        }
        long in = weight.getShape().get(1);
        boolean few = x.size() <= FEW * in;
        NDArray y = call(products.method(weight.precision(), in, few), x, weight);
        return bias == null ? y : y.addi(bias);
    }

    NDArray rows(NDArray ids, PackedArray table) {
        return call("rows_" + suffix(table.precision()), ids, table);
    }

    /** Calls a method with an array, if there is one, and the bits; the result has its manager. */
    private NDArray call(String method, @Nullable NDArray first, PackedArray packed) {
        return call(script, method, first, packed.data(), packed.scales());
    }

    static NDArray call(
            Script script,
            String method,
            @Nullable NDArray first,
            NDArray data,
            @Nullable NDArray scales) {
        if (first == null) {
            return scales == null
                    ? script.call(method, data).singletonOrThrow()
                    : script.call(method, data, scales).singletonOrThrow();
        }
        // DJL would read an array with a name as an argument of that name.
        try (NDArray unnamed = Tensors.detached(first, first.getManager())) {
            return scales == null
                    ? script.call(method, unnamed, data).singletonOrThrow()
                    : script.call(method, unnamed, data, scales).singletonOrThrow();
        }
    }

    static String suffix(WeightPrecision precision) {
        return precision.name().toLowerCase(Locale.ROOT);
    }
}

package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.PackedArray;
import dev.ligature.ops.WeightPrecision;
import org.jspecify.annotations.Nullable;

/** A weight whose bits a script understands. */
final class ScriptPackedArray extends PackedArray {
    private final ScriptPacking packing;

    ScriptPackedArray(
            ScriptPacking packing,
            WeightPrecision precision,
            Shape shape,
            NDArray data,
            @Nullable NDArray scales,
            NDManager manager) {
        super(precision, shape, data, scales, manager);
        this.packing = packing;
    }

    @Override
    public NDArray unpacked(NDManager owner) {
        return packing.unpack(this, owner);
    }

    @Override
    public NDArray linear(NDArray x, @Nullable NDArray bias) {
        return packing.linear(x, this, bias);
    }

    @Override
    public NDArray rows(NDArray ids) {
        return packing.rows(ids, this);
    }
}

package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.peft.AdapterLayout.Target;
import dev.ligature.internal.tensors.ArrayComparison;
import dev.ligature.internal.tensors.Rounding;
import dev.ligature.internal.tensors.TensorBytes;
import dev.ligature.ops.PackedArray;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tensors of an adapter's file that mean the base's own weights, compared with the base. */
final class BaseTensors {
    private static final int[] ROWS = {1};

    /** The distance of two numbers of bfloat16, over them. */
    private static final float BFLOAT16_STEP = 0x1p-7f;

    /** The distance of two whole numbers, over the largest one of their row. */
    private static final float INT8_STEP = 1f / 127;

    /** The most bytes of a part of an array. */
    private static final long CHUNK = 1 << 17;

    private final SafetensorsReader reader;
    private final AdapterTensors tensors;
    private final BaseWeights base;
    private final NDManager scratch;

    BaseTensors(
            SafetensorsReader reader, AdapterTensors tensors, BaseWeights base, NDManager scratch) {
        this.reader = reader;
        this.tensors = tensors;
        this.base = base;
        this.scratch = scratch;
    }

    /** Checks that what nothing will use changes nothing. */
    void check(BaseDifference choice) throws IOException {
        for (Map.Entry<TensorInfo, TensorInfo> copy : tensors.copies().entrySet()) {
            checkCopy(copy.getKey(), copy.getValue());
        }
        if (choice != BaseDifference.FAIL) {
            return; // the given base's were asked for, or the plan has the file's
        }
        List<String> differences = new ArrayList<>();
        for (Map.Entry<TensorInfo, Target.OfBase> entry : tensors.ofBase().entrySet()) {
            Difference difference = difference(entry.getKey(), entry.getValue());
            if (difference.isOne()) {
                differences.add(difference.text());
            }
        }
        if (!differences.isEmpty()) {
            throw PeftMessage.BASE_DIFFERS.fileError(reader.file(), NameList.list(differences));
        }
    }

    /**
     * Returns a plan with a copy of each parameter of the base that the file's values are used of:
     * where they differ, if that was chosen; and always of a weight that a pair starts from, as
     * PiSSA does, because PEFT took the start from that weight before it trained.
     */
    LoraPlan withFile(LoraPlan plan, BaseDifference choice) throws IOException {
        Map<String, ReplacementPlan> copies = new LinkedHashMap<>();
        for (Map.Entry<TensorInfo, Target.OfBase> entry : tensors.ofBase().entrySet()) {
            Target.OfBase target = entry.getValue();
            boolean residual = target.isRead() && startsFrom(plan, target);
            Difference difference = difference(entry.getKey(), target);
            if (!residual
                    && (choice != BaseDifference.FILE
                            || (!difference.isOne() && difference.exact()))) {
                continue;
            }
            List<ReplacementPlan.Reader> readers = readers(target);
            boolean unused = tensors.layout().isSaved(target.module().name()) && readers.isEmpty();
            if (unused && target.isRead()) {
                continue;
            }
            if (!difference.sameShape()
                    || !target.isRead()
                    || tensors.layout().isSaved(target.module().name())) {
                throw PeftMessage.BASE_NOT_READ.fileError(reader.file(), difference.text());
            }
            copies.put(
                    target.parameter().id(),
                    new ReplacementPlan(
                            readers,
                            target.parameter().shape(),
                            target.parameter().trainedType(),
                            ReplacementPlan.Reason.FILE));
        }
        if (copies.isEmpty()) {
            return plan;
        }
        List<ReplacementPlan> all = new ArrayList<>(plan.replacements());
        all.addAll(copies.values());
        List<PairPlan> pairs =
                plan.pairs().stream()
                        .map(pair -> hasCopy(pair, copies) ? withoutStart(pair) : pair)
                        .toList();
        return new LoraPlan(plan.config(), pairs, all, plan.tokenRows(), plan.warnings());
    }

    /** Returns the modules that read a parameter of the base, and not a copy of their module. */
    private List<ReplacementPlan.Reader> readers(Target.OfBase target) {
        List<ReplacementPlan.Reader> readers = new ArrayList<>();
        for (ModelLayout.Module module : base.layout().modules()) {
            for (ModelLayout.Parameter parameter : module.parameters()) {
                if (parameter.id().equals(target.parameter().id())
                        && !parameter.name().isEmpty()
                        && !tensors.layout().isSaved(module.name())) {
                    readers.add(new ReplacementPlan.Reader(module.name(), parameter.name()));
                }
            }
        }
        return readers;
    }

    private static boolean hasCopy(PairPlan pair, Map<String, ReplacementPlan> copies) {
        return copies.values().stream()
                .flatMap(copy -> copy.readers().stream())
                .anyMatch(
                        copy ->
                                pair.readers().stream()
                                        .anyMatch(
                                                r ->
                                                        r.slot().equals(copy.module())
                                                                && r.parameter()
                                                                        .equals(copy.parameter())));
    }

    /**
     * Returns the pair as one that adds B A: what it started with is taken from the file's base.
     */
    private static PairPlan withoutStart(PairPlan pair) {
        PairPlan.Variant variant =
                new PairPlan.Variant(LoraInit.DEFAULT, pair.dora(), pair.loraBias());
        return new PairPlan(
                pair.weight(),
                pair.readers(),
                pair.geometry(),
                pair.strength(),
                variant,
                pair.dataType());
    }

    private static boolean startsFrom(LoraPlan plan, Target.OfBase target) {
        return target.parameter().name().equals(ModelLayout.Parameter.WEIGHT)
                && plan.pairs().stream()
                        .filter(PairPlan::startsFromWeight)
                        .flatMap(pair -> pair.readers().stream())
                        .anyMatch(reader -> reader.module().equals(target.module().name()));
    }

    /**
     * How a tensor differs from the base.
     *
     * @param text what to say of it; empty where it does not differ, or by rounding alone
     * @param exact whether nothing was rounded
     */
    private record Difference(boolean sameShape, boolean exact, String text) {
        boolean isOne() {
            return !text.isEmpty();
        }
    }

    private Difference difference(TensorInfo tensor, Target.OfBase target) throws IOException {
        tensors.checkType(tensor);
        NDArray w = base.arrays().apply(target.module().name(), target.parameter().name());
        if (!tensor.shape().equals(w.getShape())) {
            String text =
                    "'%s' is %s instead of %s"
                            .formatted(tensor.name(), tensor.shape(), w.getShape());
            return new Difference(false, false, text);
        }
        Rounding rounding = new Rounding();
        double largest = isRounded(tensor, w, rounding) ? 0 : largest(tensor, w);
        String text = "'%s' differs by up to %s".formatted(tensor.name(), largest);
        return new Difference(true, rounding.largest() == 0, largest == 0 ? "" : text);
    }

    /** Returns whether a tensor is the base's, rounded to the tensor's data type, bit for bit. */
    private boolean isRounded(TensorInfo tensor, NDArray w, Rounding rounding) throws IOException {
        ByteBuffer stored = ByteBuffer.allocate((int) Math.min(CHUNK, tensor.byteCount()));
        long[] equal = {0};
        TensorBytes.fromArray(
                w,
                tensor.dtype(),
                bytes -> {
                    int count = bytes.remaining();
                    if (equal[0] >= 0) {
                        reader.readBytes(tensor, equal[0], stored.clear().limit(count));
                        equal[0] = stored.flip().equals(bytes) ? equal[0] + count : -1;
                    }
                },
                rounding);
        return equal[0] == tensor.byteCount();
    }

    /** Returns how far a tensor is from the base's, both in the narrower of their data types. */
    private double largest(TensorInfo tensor, NDArray w) throws IOException {
        if (w instanceof PackedArray packed) {
            return largest(tensor, packed);
        }
        DataType stored = tensor.dtype().arrayType().orElseThrow();
        DataType narrow =
                stored.getNumOfBytes() < w.getDataType().getNumOfBytes() ? stored : w.getDataType();
        try (NDArray file = reader.read(tensor, narrow, scratch);
                NDArray detached = w.stopGradient();
                NDArray given = detached.toType(narrow, true)) {
            return ArrayComparison.of(file, given).largest();
        }
    }

    /**
     * Returns how far a tensor is from a base's weight that is held in fewer bits; 0 where no value
     * is further from it than a step of these bits and the rounding of a file of 16 bits.
     */
    private double largest(TensorInfo tensor, PackedArray w) throws IOException {
        try (NDManager scope = scratch.newSubManager()) {
            NDArray file = reader.read(tensor, DataType.FLOAT32, scope); // (out, in)
            NDArray held = w.unpacked(scope);
            NDArray size = held.abs();
            NDArray step =
                    switch (w.precision()) {
                        case BF16 ->
                                size.mul(scope.full(new Shape(), BFLOAT16_STEP, DataType.FLOAT32));
                        case INT8 ->
                                size.max(ROWS, true)
                                        .mul(
                                                scope.full(
                                                        new Shape(),
                                                        INT8_STEP + BFLOAT16_STEP,
                                                        DataType.FLOAT32));
                    };
            NDArray gap = file.sub(held).abs();
            return gap.mul(gap.gt(step)).max().getFloat();
        }
    }

    private void checkCopy(TensorInfo copy, TensorInfo used) throws IOException {
        if (!copy.shape().equals(used.shape())) {
            throw PeftMessage.KEY_TWICE.fileError(reader.file(), used.name(), copy.name());
        }
        try (NDArray first = reader.read(used, DataType.FLOAT64, scratch);
                NDArray second = reader.read(copy, DataType.FLOAT64, scratch)) {
            if (ArrayComparison.of(first, second).largest() != 0) {
                throw PeftMessage.KEY_TWICE.fileError(reader.file(), used.name(), copy.name());
            }
        }
    }
}

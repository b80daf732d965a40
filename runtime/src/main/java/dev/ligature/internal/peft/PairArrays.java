package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.peft.AdapterTensors.Copy;
import dev.ligature.internal.tensors.ArrayComparison;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads and writes the factor pairs of an adapter. */
final class PairArrays {
    private final SafetensorsReader reader;
    private final NDManager manager;

    PairArrays(SafetensorsReader reader, NDManager manager) {
        this.reader = reader;
        this.manager = manager;
    }

    /** Reads the pairs; the copies of a shared one must be equal. */
    Map<PairPlan, Factors> pairs(Map<PairPlan, List<Copy>> copies) throws IOException {
        Map<PairPlan, Factors> pairs = new LinkedHashMap<>();
        for (Map.Entry<PairPlan, List<Copy>> entry : copies.entrySet()) {
            if (!entry.getValue().isEmpty()) {
                pairs.put(entry.getKey(), factors(entry.getKey(), entry.getValue()));
            }
        }
        return pairs;
    }

    private Factors factors(PairPlan pair, List<Copy> copies) throws IOException {
        Factors first = factors(pair, copies.get(0));
        for (Copy copy : copies.subList(1, copies.size())) {
            Factors other = factors(pair, copy);
            checkEqual(reader.file(), copies.get(0), first, copy, other);
            other.arrays().forEach(NDArray::close);
        }
        return first;
    }

    private Factors factors(PairPlan pair, Copy copy) throws IOException {
        NDArray storedA = reader.read(copy.storedA(), pair.dataType(), manager);
        NDArray storedB = reader.read(copy.storedB(), pair.dataType(), manager);
        NDArray bias = readIfThere(copy.bias(), pair.dataType());
        NDArray lengths = readIfThere(copy.magnitude(), pair.dataType());
        return copy.layout().toFactors(pair, storedA, storedB, bias, lengths);
    }

    private @Nullable NDArray readIfThere(@Nullable TensorInfo tensor, DataType type)
            throws IOException {
        return tensor == null ? null : reader.read(tensor, type, manager);
    }

    private static void checkEqual(
            Path file, Copy copy, Factors factors, Copy otherCopy, Factors others)
            throws CheckpointException {
        List<String> differences = new ArrayList<>();
        compare(copy.keyOfA(), factors.a(), otherCopy.keyOfA(), others.a(), differences);
        compare(copy.keyOfB(), factors.b(), otherCopy.keyOfB(), others.b(), differences);
        if (copy.bias() != null
                && otherCopy.bias() != null
                && factors.bias() != null
                && others.bias() != null) {
            compare(
                    copy.bias().name(),
                    factors.bias(),
                    otherCopy.bias().name(),
                    others.bias(),
                    differences);
        }
        if (differences.isEmpty()) {
            return;
        }
        throw new CheckpointException(
                "AdapterCopiesDiffer",
                file
                        + ": "
                        + String.join(", and ", differences)
                        + ". They are copies of one factor, because their modules are tied and"
                        + " ensure_weight_tying is on. Name the module whose copy is to be used for"
                        + " all in AdapterLoadOptions.preferCopyOf; or, for a pair each, set"
                        + " ensure_weight_tying to false and list the modules in target_modules.");
    }

    private static void compare(
            String key, NDArray array, String other, NDArray otherArray, List<String> differences) {
        ArrayComparison comparison = ArrayComparison.of(array, otherArray);
        if (!comparison.identical()) {
            differences.add(
                    "'" + key + "' and '" + other + "' differ by up to " + comparison.largest());
        }
    }

    /**
     * Adds the tensors of a file, those of a shared pair once for each reader.
     *
     * @param views the owner of what is only another view of a factor
     */
    static void add(Map<String, NDArray> tensors, Map<PairPlan, Factors> pairs, NDManager views) {
        pairs.forEach((pair, factors) -> add(tensors, pair, factors, views));
    }

    private static void add(
            Map<String, NDArray> tensors, PairPlan pair, Factors factors, NDManager views) {
        // Detached: the view of a trainable factor would record a graph.
        Factors detached =
                new Factors(
                        detached(factors.a(), views), // (r, in)
                        detached(factors.b(), views), // (out, r)
                        factors.bias() == null ? null : detached(factors.bias(), views),
                        factors.magnitude() == null ? null : detached(factors.magnitude(), views));
        for (PairPlan.Reader reader : pair.readers()) {
            FactorLayout layout = FactorLayout.of(reader.kind());
            String name = ReplacementKeys.PREFIX + reader.module();
            tensors.put(layout.firstName(name), layout.storedA(pair, detached));
            tensors.put(layout.secondName(name), layout.storedB(pair, detached));
            if (detached.bias() != null) {
                tensors.put(FactorLayout.biasName(name), detached.bias());
            }
            if (detached.magnitude() != null) {
                tensors.put(
                        FactorLayout.magnitudeName(name),
                        detached.magnitude().reshape(layout.magnitudeShape(pair)));
            }
        }
    }

    private static NDArray detached(NDArray array, NDManager views) {
        NDArray detached = array.stopGradient();
        detached.attach(views);
        return detached;
    }

    /** Throws if the factors are not those of the plan. */
    static void check(LoraPlan plan, Map<PairPlan, Factors> pairs) {
        if (pairs.size() != plan.pairs().size() || !pairs.keySet().containsAll(plan.pairs())) {
            throw new IllegalArgumentException(
                    "The factors are of "
                            + pairs.keySet().stream().map(PairPlan::name).toList()
                            + ", not of the plan's "
                            + plan.pairs().stream().map(PairPlan::name).toList());
        }
        pairs.forEach(
                (pair, factors) -> {
                    Shape a = pair.shapeOfA();
                    Shape b = pair.shapeOfB();
                    if (!factors.a().getShape().equals(a) || !factors.b().getShape().equals(b)) {
                        throw new IllegalArgumentException(
                                "The factors of "
                                        + pair.name()
                                        + " are "
                                        + factors.a().getShape()
                                        + " and "
                                        + factors.b().getShape()
                                        + " instead of "
                                        + a
                                        + " and "
                                        + b);
                    }
                });
    }
}

package dev.ligature.checkpoint;

import ai.djl.ndarray.types.Shape;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which tensors of an adapter file hold the pairs of a plan, with every key accounted for.
 *
 * <p>Of a pair that several modules read, one saved copy is enough.
 */
final class AdapterTensors {
    static final String PREFIX = "base_model.model.";

    private final Path file;
    private final LoraPlan plan;
    private final Map<String, PairPlan> pairs = new LinkedHashMap<>();
    private final Map<String, TensorInfo> byName = new HashMap<>();

    private AdapterTensors(Path file, LoraPlan plan) {
        this.file = file;
        this.plan = plan;
        for (PairPlan pair : plan.pairs()) {
            pair.readers().forEach(reader -> pairs.put(reader.module(), pair));
        }
    }

    /**
     * A saved copy of a pair.
     *
     * @param layout how it is stored
     * @param storedA PEFT's A
     * @param storedB PEFT's B
     * @param bias the bias of B, where the pair has one
     * @param magnitude DoRA's lengths, where the pair has them
     */
    record Copy(
            FactorLayout layout,
            TensorInfo storedA,
            TensorInfo storedB,
            @Nullable TensorInfo bias,
            @Nullable TensorInfo magnitude) {
        /** Returns the key of the tensor that our A comes from. */
        String keyOfA() {
            return layout == FactorLayout.EMBEDDING ? storedB.name() : storedA.name();
        }

        /** Returns the key of the tensor that our B comes from. */
        String keyOfB() {
            return layout == FactorLayout.EMBEDDING ? storedA.name() : storedB.name();
        }

        /** Returns the tensors that there are. */
        List<TensorInfo> tensors() {
            return Stream.of(storedA, storedB, bias, magnitude).filter(Objects::nonNull).toList();
        }
    }

    /**
     * Matches the keys of a file and a plan.
     *
     * @return the saved copies of each pair, at least one, in the order of its readers
     * @throws CheckpointException if a key has no place in the plan, a pair no tensors, or a tensor
     *     another shape or data type than its pair
     */
    static Map<PairPlan, List<Copy>> match(SafetensorsReader reader, LoraPlan plan)
            throws CheckpointException {
        AdapterTensors tensors = new AdapterTensors(reader.file(), plan);
        tensors.placeKeys(reader);
        return tensors.copies();
    }

    private void placeKeys(SafetensorsReader reader) throws CheckpointException {
        List<String> unsupported = new ArrayList<>();
        List<String> unknown = new ArrayList<>();
        for (TensorInfo tensor : reader.tensors().values()) {
            String key = tensor.name();
            String name = key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : key;
            if (isPlanned(name)) {
                place(name, tensor);
            } else if (!isBaseCopy(name, tensor)) {
                // A file may have millions of keys, and the search for what one may have meant
                // takes its time: the message shows a few.
                boolean shown = Math.max(unknown.size(), unsupported.size()) <= Names.MOST;
                UnplacedKey unplaced = UnplacedKey.of(name, shown ? pairs.keySet() : Set.of());
                (unplaced.supported() ? unknown : unsupported)
                        .add("'" + key + "' (" + unplaced.reason() + ")");
            }
        }
        if (!unsupported.isEmpty()) {
            throw new CheckpointException(
                    "AdapterKeyUnsupported",
                    file
                            + " has "
                            + Names.list(unsupported)
                            + ". Ligature does not apply these yet, and without them the adapter"
                            + " would be another one: train it without, or merge it with PEFT.");
        }
        if (!unknown.isEmpty()) {
            throw new CheckpointException(
                    "AdapterKeyUnknown",
                    file
                            + " has "
                            + Names.list(unknown)
                            + ", which nothing in the model would use. Check that the adapter is"
                            + " one of this base model, and that its config is its own.");
        }
    }

    private boolean isPlanned(String name) {
        Matcher factor = UnplacedKey.FACTOR.matcher(name);
        PairPlan pair = factor.matches() ? pairs.get(factor.group(1)) : null;
        if (pair == null) {
            return false;
        }
        return names(pair, factor.group(1)).contains(name);
    }

    /** Returns the names of the tensors that a module has of its pair: A, B, and what it has. */
    private static List<String> names(PairPlan pair, String module) {
        FactorLayout layout = layout(pair, module);
        List<String> names = new ArrayList<>();
        names.add(layout.firstName(module));
        names.add(layout.secondName(module));
        if (pair.loraBias()) {
            names.add(FactorLayout.biasName(module));
        }
        if (pair.dora()) {
            names.add(FactorLayout.magnitudeName(module));
        }
        return names;
    }

    private void place(String name, TensorInfo tensor) throws CheckpointException {
        TensorInfo other = byName.put(name, tensor);
        if (other != null) {
            throw new CheckpointException(
                    "AdapterKeyUnknown",
                    file
                            + " has both '"
                            + other.name()
                            + "' and '"
                            + tensor.name()
                            + "', which mean one tensor. Remove one of them.");
        }
    }

    /** Returns whether it is a weight of the base, which PEFT adds for embeddings. */
    private boolean isBaseCopy(String name, TensorInfo tensor) throws CheckpointException {
        for (String suffix : new String[] {".base_layer.weight", ".base_layer.bias", ".weight"}) {
            PairPlan pair =
                    name.endsWith(suffix)
                            ? pairs.get(name.substring(0, name.length() - suffix.length()))
                            : null;
            if (pair == null) {
                continue;
            }
            Shape base =
                    suffix.endsWith("bias")
                            ? new Shape(pair.out())
                            : new Shape(pair.out(), pair.in());
            checkShape(tensor, base, "that of the base's own tensor; was its vocabulary resized?");
            return true;
        }
        return false;
    }

    private static FactorLayout layout(PairPlan pair, String module) {
        return pair.readers().stream()
                .filter(reader -> reader.module().equals(module))
                .findFirst()
                .map(reader -> FactorLayout.of(reader.kind()))
                .orElseThrow();
    }

    private Map<PairPlan, List<Copy>> copies() throws CheckpointException {
        Map<PairPlan, List<Copy>> copies = new LinkedHashMap<>();
        List<String> missing = new ArrayList<>();
        for (PairPlan pair : plan.pairs()) {
            List<Copy> found = new ArrayList<>();
            for (PairPlan.Reader reader : pair.readers()) {
                String module = reader.module();
                List<String> names = names(pair, module);
                List<String> absent = names.stream().filter(n -> !byName.containsKey(n)).toList();
                TensorInfo storedA = byName.get(names.get(0));
                TensorInfo storedB = byName.get(names.get(1));
                if (absent.isEmpty() && storedA != null && storedB != null) {
                    TensorInfo bias = byName.get(FactorLayout.biasName(module));
                    TensorInfo magnitude = byName.get(FactorLayout.magnitudeName(module));
                    FactorLayout layout = FactorLayout.of(reader.kind());
                    found.add(new Copy(layout, storedA, storedB, bias, magnitude));
                } else if (absent.size() < names.size()) {
                    absent.forEach(name -> missing.add(PREFIX + name));
                }
            }
            if (found.isEmpty() && missing.isEmpty()) {
                names(pair, pair.name()).forEach(name -> missing.add(PREFIX + name));
            }
            copies.put(pair, found);
        }
        if (!missing.isEmpty()) {
            throw new CheckpointException(
                    "AdapterTensorMissing",
                    file
                            + " has no "
                            + Names.list(missing)
                            + ", which its config asks for in this model. Check that the adapter"
                            + " is complete and is one of this base model.");
        }
        for (Map.Entry<PairPlan, List<Copy>> entry : copies.entrySet()) {
            for (Copy copy : entry.getValue()) {
                check(entry.getKey(), copy);
            }
        }
        return copies;
    }

    private void check(PairPlan pair, Copy copy) throws CheckpointException {
        for (TensorInfo tensor : copy.tensors()) {
            if (!tensor.dtype().isWeightType()) {
                throw new CheckpointException(
                        "TensorDtype",
                        file
                                + ": '"
                                + tensor.name()
                                + "' has the data type "
                                + tensor.dtype()
                                + ", which a factor cannot have. Convert it to F32, F16 or BF16.");
            }
        }
        String expected =
                "r is "
                        + pair.rank()
                        + " by its config, and the weight of the model is "
                        + new Shape(pair.out(), pair.in());
        checkShape(copy.storedA(), copy.layout().firstShape(pair), expected);
        checkShape(copy.storedB(), copy.layout().secondShape(pair), expected);
        if (copy.bias() != null) {
            checkShape(copy.bias(), new Shape(pair.out()), expected);
        }
        if (copy.magnitude() != null) {
            checkShape(copy.magnitude(), copy.layout().magnitudeShape(pair), expected);
        }
    }

    private void checkShape(TensorInfo tensor, Shape expected, String why)
            throws CheckpointException {
        if (!tensor.shape().equals(expected)) {
            throw new CheckpointException(
                    "AdapterShape",
                    file
                            + ": '"
                            + tensor.name()
                            + "' is "
                            + tensor.shape()
                            + " instead of "
                            + expected
                            + ": "
                            + why
                            + ". Check that the adapter is one of this base model.");
        }
    }
}

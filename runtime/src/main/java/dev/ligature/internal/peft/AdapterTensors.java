package dev.ligature.internal.peft;

import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.names.NameList;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

    private final Path file;
    private final LoraPlan plan;
    private final AdapterLoadOptions options;
    private final Map<String, PairPlan> pairs = new LinkedHashMap<>();
    private final Map<String, TensorInfo> byName = new HashMap<>();
    private final ReplacementTensors replacements;

    private AdapterTensors(Path file, LoraPlan plan, AdapterLoadOptions options) {
        this.file = file;
        this.plan = plan;
        this.options = options;
        replacements = new ReplacementTensors(plan, options);
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
     * The tensors of a plan, in the order of the readers; none of a part that may be missing and
     * is.
     *
     * @param pairs the saved copies of each pair
     * @param replacements those of each copy of a parameter
     * @param rows those of all token rows
     */
    record Match(
            Map<PairPlan, List<Copy>> pairs,
            Map<ReplacementPlan, List<TensorInfo>> replacements,
            Map<TokenRowsPlan, List<ReplacementTensors.Rows>> rows) {}

    /**
     * Matches the keys of a file and a plan.
     *
     * @param options what need not match
     * @throws CheckpointException if a key has no place in the plan, a pair no tensors, or a tensor
     *     another shape or data type than its pair
     */
    static Match match(SafetensorsReader reader, LoraPlan plan, AdapterLoadOptions options)
            throws CheckpointException {
        AdapterTensors tensors = new AdapterTensors(reader.file(), plan, options);
        tensors.placeKeys(reader);
        return tensors.found();
    }

    /** Returns a key without PEFT's prefix. */
    static String name(String key) {
        return key.startsWith(ReplacementKeys.PREFIX)
                ? key.substring(ReplacementKeys.PREFIX.length())
                : key;
    }

    private void placeKeys(SafetensorsReader reader) throws CheckpointException {
        List<String> unknown = new ArrayList<>();
        for (TensorInfo tensor : reader.tensors().values()) {
            String key = tensor.name();
            String name = name(key);
            if (options.ignores(key)) {
                continue;
            }
            if (isPlanned(name)) {
                place(name, tensor);
            } else if (replacements.isPlanned(name)) {
                Optional<TensorInfo> other = replacements.place(name, tensor);
                if (other.isPresent()) {
                    throw twice(other.get(), tensor);
                }
            } else if (!replacements.takeStray(name, tensor) && !isBaseCopy(name, tensor)) {
                // A file may have millions of keys, and the search for what one may have meant
                // takes its time: the message shows a few.
                boolean shown = unknown.size() <= NameList.MOST;
                KeyDiagnosis unplaced = KeyDiagnosis.of(name, shown ? pairs.keySet() : Set.of());
                unknown.add("'" + key + "' (" + unplaced.reason() + ")");
            }
        }
        if (!unknown.isEmpty()) {
            throw new CheckpointException(
                    "AdapterKeyUnknown",
                    file
                            + " has "
                            + NameList.list(unknown)
                            + ", which nothing in the model would use. Check that the adapter is"
                            + " one of this base model, and that its config is its own; what is"
                            + " known to be harmless can be named in"
                            + " AdapterLoadOptions.ignore.");
        }
    }

    private boolean isPlanned(String name) {
        Matcher factor = KeyDiagnosis.FACTOR.matcher(name);
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
            throw twice(other, tensor);
        }
    }

    private CheckpointException twice(TensorInfo before, TensorInfo now) {
        return new CheckpointException(
                "AdapterKeyUnknown",
                file
                        + " has both '"
                        + before.name()
                        + "' and '"
                        + now.name()
                        + "', which mean one tensor. Remove one of them.");
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

    private Match found() throws CheckpointException {
        List<String> missing = new ArrayList<>();
        Map<PairPlan, List<Copy>> pairs = copies(missing);
        Map<ReplacementPlan, List<TensorInfo>> copied = replacements.copies(missing);
        Map<TokenRowsPlan, List<ReplacementTensors.Rows>> rows = replacements.rows(missing);
        if (!missing.isEmpty()) {
            throw new CheckpointException(
                    "AdapterTensorMissing",
                    file
                            + " has no "
                            + NameList.list(missing)
                            + ", which its config asks for in this model. Check that the adapter"
                            + " is complete and is one of this base model; what is to start anew"
                            + " can be named in AdapterLoadOptions.allowMissing.");
        }
        for (Map.Entry<PairPlan, List<Copy>> entry : pairs.entrySet()) {
            for (Copy copy : entry.getValue()) {
                check(entry.getKey(), copy);
            }
        }
        for (Map.Entry<ReplacementPlan, List<TensorInfo>> entry : copied.entrySet()) {
            for (TensorInfo tensor : entry.getValue()) {
                checkType(tensor);
                checkShape(tensor, entry.getKey().shape(), "that of the base's own tensor");
            }
        }
        for (Map.Entry<TokenRowsPlan, List<ReplacementTensors.Rows>> entry : rows.entrySet()) {
            for (ReplacementTensors.Rows found : entry.getValue()) {
                checkType(found.tensor());
                checkShape(
                        found.tensor(),
                        ReplacementTensors.shape(entry.getKey()),
                        "one row for each of trainable_token_indices");
            }
        }
        return new Match(pairs, copied, rows);
    }

    private Map<PairPlan, List<Copy>> copies(List<String> missing) {
        Map<PairPlan, List<Copy>> copies = new LinkedHashMap<>();
        for (PairPlan pair : plan.pairs()) {
            List<String> absent = new ArrayList<>();
            List<Copy> found = copies(pair, absent);
            boolean fits = absent.isEmpty() && found.stream().allMatch(copy -> fits(pair, copy));
            if (!fits && pair.readers().stream().anyMatch(r -> options.mayBeMissing(r.module()))) {
                found = List.of();
            } else {
                missing.addAll(absent);
            }
            copies.put(pair, found);
        }
        return copies;
    }

    /** Returns the saved copies of a pair, and adds the names of what they lack. */
    private List<Copy> copies(PairPlan pair, List<String> absent) {
        List<Copy> found = new ArrayList<>();
        for (PairPlan.Reader reader : pair.readers()) {
            String module = reader.module();
            List<String> names = names(pair, module);
            List<String> lacking = names.stream().filter(n -> !byName.containsKey(n)).toList();
            TensorInfo storedA = byName.get(names.get(0));
            TensorInfo storedB = byName.get(names.get(1));
            if (lacking.isEmpty() && storedA != null && storedB != null) {
                TensorInfo bias = byName.get(FactorLayout.biasName(module));
                TensorInfo magnitude = byName.get(FactorLayout.magnitudeName(module));
                FactorLayout layout = FactorLayout.of(reader.kind());
                Copy copy = new Copy(layout, storedA, storedB, bias, magnitude);
                if (options.prefers(module)) {
                    absent.clear();
                    return List.of(copy);
                }
                found.add(copy);
            } else if (lacking.size() < names.size()) {
                lacking.forEach(name -> absent.add(ReplacementKeys.PREFIX + name));
            }
        }
        if (found.isEmpty() && absent.isEmpty()) {
            names(pair, pair.name()).forEach(name -> absent.add(ReplacementKeys.PREFIX + name));
        }
        return found;
    }

    private static boolean fits(PairPlan pair, Copy copy) {
        return copy.storedA().shape().equals(copy.layout().firstShape(pair))
                && copy.storedB().shape().equals(copy.layout().secondShape(pair));
    }

    private void check(PairPlan pair, Copy copy) throws CheckpointException {
        for (TensorInfo tensor : copy.tensors()) {
            checkType(tensor);
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

    private void checkType(TensorInfo tensor) throws CheckpointException {
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
                            + ". Check that the adapter is one of this base model; what is to"
                            + " start anew can be named in AdapterLoadOptions.allowMissing.");
        }
    }
}

package dev.ligature.internal.peft;

import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.peft.AdapterLayout.Target;
import dev.ligature.internal.peft.SavedPart.Copy;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which tensors of an adapter file hold the parts of a plan, with every key accounted for. */
final class AdapterTensors {
    private static final String EMPTY =
            "; it is empty, as DeepSpeed's ZeRO-3 leaves tensors that it is not told to gather"
                    + " (stage3_gather_16bit_weights_on_model_save)";

    /** The head that TRL trains next to a language model, of which it is no part. */
    private static final String VALUE_HEAD = "v_head.";

    private final Path file;
    private final AdapterLayout layout;
    private final AdapterLoadOptions options;

    /** The tensors by the names under which they are written. */
    private final Map<String, TensorInfo> found = new HashMap<>();

    private final Map<String, TensorInfo> spare = new HashMap<>();
    private final Map<TensorInfo, Target.OfBase> ofBase = new LinkedHashMap<>();
    private final Map<TensorInfo, String> copies = new LinkedHashMap<>();

    private AdapterTensors(Path file, AdapterLayout layout, AdapterLoadOptions options) {
        this.file = file;
        this.layout = layout;
        this.options = options;
    }

    /** What a file has of a part. */
    sealed interface Match {
        /** One or more copies, all tensors of which are there. */
        record Found(List<Copy> copies) implements Match {}

        /**
         * These tensors of an incomplete copy, or of the first one if there is nothing, are
         * missing.
         */
        record Missing(List<SavedTensor> tensors) implements Match {}

        /** The part is incomplete or does not fit, and the options allow that it is missing. */
        record Skipped() implements Match {}
    }

    /**
     * Matches the keys of a file and a plan.
     *
     * @param options what need not match
     * @throws CheckpointException if a key has no place in the plan, a part no tensors, or a tensor
     *     another shape or data type than its part
     */
    static AdapterTensors match(
            SafetensorsReader reader, LoraPlan plan, ModelLayout base, AdapterLoadOptions options)
            throws CheckpointException {
        AdapterLayout layout = new AdapterLayout(plan, MlxAdapter.isWeights(reader.file()));
        AdapterTensors tensors = new AdapterTensors(reader.file(), layout, options);
        tensors.placeKeys(reader, new BaseKeys(layout, base));
        tensors.check();
        return tensors;
    }

    private void placeKeys(SafetensorsReader reader, BaseKeys base) throws CheckpointException {
        List<String> unknown = new ArrayList<>();
        List<String> names = new ArrayList<>();
        // PEFT's inject_adapter_in_model has all keys without the prefix.
        boolean prefixed =
                reader.tensors().keySet().stream()
                        .anyMatch(k -> k.startsWith(AdapterLayout.PREFIX));
        for (TensorInfo tensor : reader.tensors().values()) {
            String key = tensor.name();
            if (options.ignores(key) || key.startsWith(VALUE_HEAD)) {
                continue;
            }
            if (prefixed && !key.startsWith(AdapterLayout.PREFIX)) {
                names.add(key);
                unknown.add("'" + key + "' (the other keys begin with base_model.model.)");
                continue;
            }
            String name = AdapterLayout.name(key);
            Target target = layout.target(name);
            if (target == null) {
                target = base.find(name);
            }
            if (target == null) {
                // A file may have millions of keys, and the search for what one may have meant
                // takes its time: the message shows a few.
                boolean shown = unknown.size() <= NameList.MOST;
                Set<String> adapted = shown ? layout.adaptedModules() : Set.of();
                names.add(name);
                unknown.add("'" + key + "' (" + KeyDiagnosis.of(name, adapted) + ")");
            } else {
                place(tensor, target);
            }
        }
        if (!unknown.isEmpty()) {
            throw PeftMessage.KEY_UNKNOWN.fileError(
                    file, NameList.list(unknown), KeyDiagnosis.fields(names));
        }
    }

    private void place(TensorInfo tensor, Target target) throws CheckpointException {
        if (target instanceof Target.Wanted wanted) {
            TensorInfo other = found.put(wanted.name(), tensor);
            if (other != null) {
                throw PeftMessage.KEY_TWICE.fileError(file, other.name(), tensor.name());
            }
        } else if (target instanceof Target.Spare second) {
            copies.put(tensor, second.name());
            if (second.readable()) {
                spare.put(second.name(), tensor);
            }
        } else if (target instanceof Target.OfBase base) {
            ofBase.put(tensor, base);
        }
    }

    /** Returns the tensors that mean parameters of the base. */
    Map<TensorInfo, Target.OfBase> ofBase() {
        return ofBase;
    }

    /** Returns tensors that are there twice, each with the one that is used. */
    Map<TensorInfo, TensorInfo> copies() {
        Map<TensorInfo, TensorInfo> used = new LinkedHashMap<>();
        copies.forEach(
                (copy, name) -> {
                    TensorInfo other = found.get(name);
                    if (other != null) {
                        used.put(copy, other);
                    }
                });
        return used;
    }

    private void check() throws CheckpointException {
        List<String> missing = new ArrayList<>();
        for (SavedPart part : layout.parts()) {
            if (match(part) instanceof Match.Missing lacking) {
                firstA(lacking.tensors()).forEach(tensor -> missing.add(tensor.name()));
            }
        }
        if (!missing.isEmpty()) {
            List<String> keys = missing.stream().map(AdapterLayout.PREFIX::concat).toList();
            throw PeftMessage.TENSOR_MISSING.fileError(
                    file, NameList.list(keys), KeyDiagnosis.fields(missing));
        }
        for (SavedPart part : layout.parts()) {
            if (match(part) instanceof Match.Found there) {
                for (Copy copy : there.copies()) {
                    check(part, copy);
                }
            }
        }
    }

    /** Returns tensors in the order of their names' letters A and B, which embeddings swap. */
    private static List<SavedTensor> firstA(List<SavedTensor> tensors) {
        return tensors.stream()
                .sorted(Comparator.comparing(tensor -> !tensor.name().endsWith("embedding_A")))
                .toList();
    }

    private void check(SavedPart part, Copy copy) throws CheckpointException {
        for (SavedTensor saved : firstA(copy.tensors())) {
            TensorInfo tensor = tensor(saved);
            checkType(tensor);
            checkShape(tensor, saved.storedShape(), part.reason());
        }
    }

    /** Checks that a tensor has a data type that weights can have. */
    void checkType(TensorInfo tensor) throws CheckpointException {
        if (!tensor.dtype().isWeightType()) {
            throw PeftMessage.DATA_TYPE.fileError(file, tensor.name(), tensor.dtype());
        }
    }

    private void checkShape(TensorInfo tensor, Shape expected, String reason)
            throws CheckpointException {
        if (!tensor.shape().equals(expected)) {
            String why = tensor.size() == 0 ? reason + EMPTY : reason;
            throw PeftMessage.SHAPE.fileError(file, tensor.name(), tensor.shape(), expected, why);
        }
    }

    /** Returns where the file holds the parts of the plan. */
    AdapterLayout layout() {
        return layout;
    }

    /** Returns what the file has of a part. */
    Match match(SavedPart part) {
        List<Copy> complete = new ArrayList<>();
        List<SavedTensor> missing = new ArrayList<>();
        for (Copy copy : part.copies()) {
            List<SavedTensor> lacking = new ArrayList<>(copy.tensors());
            lacking.removeIf(tensor -> find(tensor) != null);
            if (lacking.isEmpty() && options.prefers(copy.module())) {
                // What other copies have or lack does not matter.
                complete = List.of(copy);
                missing.clear();
                break;
            }
            if (lacking.isEmpty()) {
                complete.add(copy);
            } else if (lacking.size() < copy.tensors().size()) {
                missing.addAll(lacking);
            }
        }
        if (complete.isEmpty() && missing.isEmpty()) {
            missing.addAll(part.copies().get(0).tensors());
        }
        boolean fits = missing.isEmpty() && complete.stream().allMatch(this::fits);
        if (!fits && part.copies().stream().anyMatch(copy -> options.mayBeMissing(copy.module()))) {
            return new Match.Skipped();
        }
        return missing.isEmpty() ? new Match.Found(complete) : new Match.Missing(missing);
    }

    private boolean fits(Copy copy) {
        return copy.tensors().stream()
                .allMatch(saved -> tensor(saved).shape().equals(saved.storedShape()));
    }

    /** Returns the tensor of a copy that was found. */
    TensorInfo tensor(SavedTensor saved) {
        return Objects.requireNonNull(find(saved));
    }

    private @Nullable TensorInfo find(SavedTensor saved) {
        TensorInfo tensor = found.get(saved.name());
        return tensor == null ? spare.get(saved.name()) : tensor;
    }
}

package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.ligature.config.BiasMode;
import dev.ligature.internal.peft.SavedPart.Copy;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModelLayout.Parameter;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.ReplacementPlan.Reason;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where PEFT's files hold the parts of a plan: the name, shape and order of each tensor.
 *
 * <p>For a weight of shape (out, in) a linear module has {@code lora_A} (r, in) and {@code lora_B}
 * (out, r). An embedding, whose weight is (out = V, in = d), has {@code lora_embedding_A} (r, V) =
 * Bᵀ and {@code lora_embedding_B} (d, r) = Aᵀ: this is the only place where that is known. A
 * convolution has A (r, channels, window…) and B (out, r / groups, 1…).
 */
final class AdapterLayout {
    static final String PREFIX = "base_model.model.";

    private static final String LENGTHS = ".lora_magnitude_vector";

    /** A name as PEFT's model has it: what PEFT writes of it are the two groups. */
    private static final Pattern OF_THE_MODEL =
            Pattern.compile(
                    "(.*)(?:(?<=\\.lora_[AB])\\.default(\\.weight|\\.bias)"
                            + "|(?<=\\.lora_embedding_[AB])\\.default"
                            + "|(?<=\\.lora_magnitude_vector)(?:\\.default)?\\.weight)",
                    Pattern.DOTALL);

    private final Map<PairPlan, SavedPart> pairs = new LinkedHashMap<>();
    private final Map<ReplacementPlan, SavedPart> copies = new LinkedHashMap<>();
    private final Map<TokenRowsPlan, SavedPart> tokenRows = new LinkedHashMap<>();
    private final Map<String, Target> targets = new HashMap<>();
    private final boolean mlx;
    private final Set<String> adapted = new HashSet<>();
    private final Set<String> withRows = new HashSet<>();
    private final Set<String> saved = new HashSet<>();

    /** What a tensor of a file is for, by its name. */
    sealed interface Target {
        /** It is read as the tensor that is written under this name. */
        record Wanted(String name) implements Target {}

        /**
         * A second copy of the tensor that is written under this name.
         *
         * @param readable whether it is read if the file does not have the tensor under that name
         */
        record Spare(String name, boolean readable) implements Target {}

        /**
         * It is the base's own, and compared with it.
         *
         * @param isRead whether PEFT reads it under this name
         */
        record OfBase(Module module, Parameter parameter, boolean isRead) implements Target {}
    }

    AdapterLayout(LoraPlan plan) {
        this(plan, false);
    }

    /**
     * @param mlx whether the file is mlx-lm's
     */
    AdapterLayout(LoraPlan plan, boolean mlx) {
        this.mlx = mlx;
        plan.pairs().forEach(p -> p.readers().forEach(r -> adapted.add(r.module())));
        plan.tokenRows().forEach(t -> t.readers().forEach(r -> withRows.add(r.module())));
        plan.replacements().stream()
                .filter(copy -> copy.reason() == Reason.SAVED_MODULE)
                .forEach(copy -> copy.readers().forEach(r -> saved.add(r.module())));
        plan.pairs().forEach(pair -> pairs.put(pair, want(pair(pair))));
        plan.replacements().forEach(copy -> copies.put(copy, want(copy(copy))));
        plan.tokenRows().forEach(rows -> tokenRows.put(rows, want(rows(rows))));
        // What follows never takes the name of a tensor that is wanted.
        plan.replacements().forEach(copy -> addOtherNames(copy, plan.config().bias()));
    }

    /**
     * Returns a key of a file without PEFT's prefix, in the spelling that PEFT writes. It also
     * reads the spelling of its model, with the adapter's name {@code default}.
     */
    static String name(String key) {
        String name = key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : key;
        if (!name.contains(".default") && !name.endsWith(LENGTHS + ".weight")) {
            return name;
        }
        Matcher spelling = OF_THE_MODEL.matcher(name);
        return spelling.matches()
                ? spelling.group(1) + Objects.requireNonNullElse(spelling.group(2), "")
                : name;
    }

    /** Returns what the tensor of a name, given without PEFT's prefix, is for; null if unknown. */
    @Nullable Target target(String name) {
        return targets.get(name);
    }

    /** Returns the names of the modules that have a pair. */
    Set<String> adaptedModules() {
        return adapted;
    }

    /** Returns whether the adapter has a copy of a whole module. */
    boolean isSaved(String module) {
        return saved.contains(module);
    }

    /** Returns whether the adapter has token rows of a module. */
    boolean hasRows(String module) {
        return withRows.contains(module);
    }

    /** Returns each pair, in the plan's order; its arrays are those of {@link Factors}. */
    Map<PairPlan, SavedPart> pairs() {
        return pairs;
    }

    /** Returns each copy of a parameter, in the plan's order; its array is that parameter. */
    Map<ReplacementPlan, SavedPart> copies() {
        return copies;
    }

    /** Returns all token rows, in the plan's order; their array is (n, d). */
    Map<TokenRowsPlan, SavedPart> tokenRows() {
        return tokenRows;
    }

    /** Returns all parts, pairs first. */
    List<SavedPart> parts() {
        return Stream.of(pairs, copies, tokenRows)
                .map(Map::values)
                .flatMap(Collection::stream)
                .toList();
    }

    private SavedPart want(SavedPart part) {
        part.copies().stream()
                .flatMap(copy -> copy.tensors().stream())
                .forEach(tensor -> targets.put(tensor.name(), new Target.Wanted(tensor.name())));
        return part;
    }

    private SavedPart pair(PairPlan pair) {
        List<Copy> copies = new ArrayList<>();
        pair.readers().forEach(r -> copies.add(new Copy(r.module(), tensors(pair, r))));
        Shape weight = new Shape(pair.out(), pair.in());
        String reason =
                "r is %s by r and rank_pattern of its config, and the weight of the model is %s"
                        .formatted(pair.rank(), weight);
        return new SavedPart(copies, copies, pair.dataType(), reason, PeftMessage.FACTORS_DIFFER);
    }

    /** Returns A, B, and what else the pair has, in the order of {@link Factors}. */
    private List<SavedTensor> tensors(PairPlan pair, PairPlan.Reader reader) {
        String module = reader.module();
        PairPlan.Kernel kernel = pair.kernel();
        Shape a = pair.shapeOfA();
        Shape b = pair.shapeOfB();
        Shape magnitude = new Shape(pair.magnitudes());
        Shape storedMagnitude = magnitude;
        List<SavedTensor> tensors = new ArrayList<>();
        if (mlx && reader.kind() == ModuleKind.EMBEDDING) {
            tensors.add(SavedTensor.of(module + ".lora_b", a));
            tensors.add(SavedTensor.of(module + ".lora_a", b));
        } else if (mlx) {
            tensors.add(SavedTensor.transposed(module + ".lora_a", a));
            tensors.add(SavedTensor.transposed(module + ".lora_b", b));
        } else if (reader.kind() == ModuleKind.EMBEDDING) {
            tensors.add(SavedTensor.transposed(module + ".lora_embedding_B", a));
            tensors.add(SavedTensor.transposed(module + ".lora_embedding_A", b));
        } else {
            Shape storedA = kernel == null ? a : kernel.shapeOfA(pair.rank());
            Shape storedB = kernel == null ? b : kernel.shapeOfB(pair.out(), pair.rank());
            storedMagnitude =
                    kernel == null
                            ? magnitude
                            : new Shape(1)
                                    .addAll(magnitude)
                                    .addAll(storedB.slice(2)); // (1, out, 1…)
            tensors.add(SavedTensor.reshaped(module + ".lora_A.weight", storedA, a));
            tensors.add(SavedTensor.reshaped(module + ".lora_B.weight", storedB, b));
        }
        if (pair.loraBias()) {
            tensors.add(SavedTensor.of(module + ".lora_B.bias", new Shape(pair.out())));
        }
        if (pair.dora()) {
            String name = module + ".lora_magnitude_vector";
            tensors.add(SavedTensor.reshaped(name, storedMagnitude, magnitude));
        }
        return tensors;
    }

    private SavedPart copy(ReplacementPlan copy) {
        List<Copy> copies = new ArrayList<>();
        for (ReplacementPlan.Reader reader : copy.readers()) {
            SavedTensor tensor = SavedTensor.of(writtenName(copy, reader), copy.shape());
            copies.add(new Copy(reader.module(), List.of(tensor)));
        }
        String reason = "that of the base's own tensor";
        return new SavedPart(copies, copies, copy.dataType(), reason, PeftMessage.VALUES_DIFFER);
    }

    /** Returns the name of a copy: PEFT has a bias below what it wraps its module in. */
    private String writtenName(ReplacementPlan copy, ReplacementPlan.Reader reader) {
        if (copy.reason() == Reason.SAVED_MODULE) {
            return reader.name();
        }
        if (adapted.contains(reader.module())) {
            return belowPair(reader);
        }
        return withRows.contains(reader.module()) ? belowRows(reader) : reader.name();
    }

    private static String belowPair(ReplacementPlan.Reader reader) {
        return reader.module() + ".base_layer." + reader.parameter();
    }

    private static String belowRows(ReplacementPlan.Reader reader) {
        return reader.module() + ".token_adapter.base_layer." + reader.parameter();
    }

    /**
     * Adds the other names of a copy. Of a saved embedding PEFT may write all it has: the copy
     * under a second name, and the base's own values. Where biases are trained, it writes whatever
     * has bias in its name; the second name is the only one then after {@code save_pretrained},
     * which leaves out what is there twice.
     */
    private void addOtherNames(ReplacementPlan copy, BiasMode bias) {
        for (ReplacementPlan.Reader reader : copy.readers()) {
            String written = writtenName(copy, reader);
            if (copy.reason() == Reason.BIAS) {
                for (String name : List.of(reader.name(), belowPair(reader), belowRows(reader))) {
                    targets.putIfAbsent(name, new Target.Wanted(written));
                }
            }
            if (copy.reason() != Reason.FILE
                    && (copy.reason() == Reason.SAVED_MODULE || bias != BiasMode.NONE)) {
                String second = reader.module() + ".modules_to_save." + reader.parameter();
                targets.putIfAbsent(second, new Target.Spare(written, bias != BiasMode.NONE));
            }
        }
    }

    private SavedPart rows(TokenRowsPlan rows) {
        Shape shape = new Shape(rows.indices().size(), rows.width());
        List<Copy> copies = new ArrayList<>();
        for (TokenRowsPlan.Reader reader : rows.readers()) {
            String name = reader.module() + ".token_adapter.trainable_tokens_delta";
            SavedTensor tensor = SavedTensor.of(name, shape);
            if (!reader.order().equals(rows.indices())) {
                tensor =
                        tensor.reading(stored -> reordered(stored, reader.order(), rows.indices()));
            }
            copies.add(new Copy(reader.module(), List.of(tensor)));
        }
        return new SavedPart(
                copies,
                copies.subList(0, 1),
                rows.dataType(),
                "one row for each of trainable_token_indices",
                PeftMessage.VALUES_DIFFER);
    }

    private static NDArray reordered(NDArray stored, List<Integer> order, List<Integer> indices) {
        long[] places = indices.stream().mapToLong(order::indexOf).toArray();
        try (NDArray at = stored.getManager().create(places)) {
            return stored.get(at); // (n, d), in the plan's order
        }
    }
}

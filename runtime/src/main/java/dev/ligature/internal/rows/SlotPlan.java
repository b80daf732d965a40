package dev.ligature.internal.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.rows.RowGroups.Columns;
import dev.ligature.internal.rows.RowGroups.Group;
import dev.ligature.internal.rows.RowGroups.Mask;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.ops.LinearTerms;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** How the outputs of one slot are computed in a batch whose rows use different adapters. */
sealed interface SlotPlan {
    /** Returns the slot's outputs. */
    NDList forward(SlotCall call, RowsPass pass);

    /**
     * Returns what the slot computes of all rows alike, if it is a linear block with factors of
     * adapters beside it; else null.
     *
     * @param call a call without gradients
     */
    default @Nullable LinearTerms linear(SlotCall call, RowsPass pass) {
        return null;
    }

    /** Returns a plan that needs no stacked factors. */
    default SlotPlan withoutStacks() {
        return this;
    }

    /** A plan that computes the terms of all rows together, with stacked factors. */
    sealed interface Together extends SlotPlan {
        Way way();

        /** Returns the pairs that are stacked; null for an adapter without one. */
        List<@Nullable FactorPair> pairs();

        /** Returns what the stacked factors take. */
        long bytes();

        /** Returns the plan that adds the terms adapter by adapter. */
        AddedSegments segments();

        @Override
        default SlotPlan withoutStacks() {
            return segments();
        }

        /** Returns the stacked factors as a linear reads them. */
        LinearTerms.Factors factors(FactorStack stack, RowsPass pass);

        @Override
        default @Nullable LinearTerms linear(SlotCall call, RowsPass pass) {
            FactorStack stack = pass.stack(way(), call.slot(), pairs());
            LinearTerms base = call.terms();
            if (stack == null || base == null || !stack.apart().isEmpty()) {
                return null;
            }
            pass.checkRows(call);
            return base.plus(factors(stack, pass));
        }

        /** Adds the terms of all rows to an output of the slot's block. */
        void addTo(NDArray y, FactorStack stack, SlotCall call, RowsPass pass);

        @Override
        default NDList forward(SlotCall call, RowsPass pass) {
            FactorStack stack = pass.stack(way(), call.slot(), pairs());
            if (stack == null) {
                return segments().forward(call, pass);
            }
            pass.checkRows(call);
            NDList output = call.base();
            addTo(call.single(output), stack, call, pass); // (B, …)
            return stack.apart().isEmpty()
                    ? output
                    : segments()
                            .addTo(
                                    output,
                                    call,
                                    pass,
                                    effect -> stack.apart().contains(effect.plainPair()));
        }
    }

    /**
     * Chooses the plan of a slot.
     *
     * @param masks those of the slots before; equal ones become one
     */
    static SlotPlan of(Slot slot, RowGroups rows, BatchRule rule, Map<Mask, Mask> masks) {
        List<@Nullable SlotEffect> effects = new ArrayList<>();
        rows.groups().forEach(group -> effects.add(group.effectAt(slot)));
        if (effects.stream().allMatch(Objects::isNull)) {
            return new Base();
        }
        if (effects.size() == 1) {
            return new One(Objects.requireNonNull(effects.get(0)));
        }
        if (!effects.stream().allMatch(effect -> effect == null || effect.isAdditive())) {
            return new Segments(effects);
        }
        AddedSegments segments = new AddedSegments(effects);
        List<Term> terms = new ArrayList<>();
        for (Group group : rows.byHandle()) {
            SlotEffect effect = group.effectAt(slot);
            FactorPair pair = effect == null ? null : effect.plainPair();
            if (pair != null) {
                terms.add(new Term(group, pair));
            } else if (effect != null) {
                return segments;
            }
        }
        BatchRule.Batch batch = Term.batch(terms, rows);
        Way way = rule.choose(batch);
        long bytes = BatchRule.bytes(way, batch);
        return switch (way) {
            case MASKED -> {
                Mask mask = masks.computeIfAbsent(Term.mask(terms), same -> same);
                List<@Nullable FactorPair> pairs = new ArrayList<>();
                terms.forEach(term -> pairs.add(term.pair()));
                yield new Masked(pairs, mask, bytes, segments);
            }
            case STACKED -> new Stacked(pairs(rows, slot), bytes, segments);
            case SEGMENTS -> segments;
        };
    }

    /** Returns the pair of each adapter of a batch; null where there is none. */
    private static List<@Nullable FactorPair> pairs(RowGroups rows, Slot slot) {
        List<@Nullable FactorPair> pairs = new ArrayList<>();
        for (Group group : rows.allByHandle()) {
            SlotEffect effect = group.effectAt(slot);
            pairs.add(effect == null ? null : effect.plainPair());
        }
        return pairs;
    }

    /** Rows that go through one pair. */
    record Term(Group group, FactorPair pair) {
        private PairPlan plan() {
            return pair.plan();
        }

        static Mask mask(List<Term> terms) {
            return new Mask(
                    terms.stream().map(Term::columns).toList(), terms.get(0).plan().dataType());
        }

        private Columns columns() {
            return new Columns(group, plan().rank(), plan().scaling());
        }

        static BatchRule.Batch batch(List<Term> terms, RowGroups rows) {
            PairPlan first = terms.get(0).plan();
            boolean lookup =
                    terms.stream()
                            .flatMap(term -> term.plan().readers().stream())
                            .anyMatch(reader -> reader.kind() == ModuleKind.EMBEDDING);
            return new BatchRule.Batch(
                    terms.stream().map(term -> term.plan().rank()).toList(),
                    terms.stream().map(term -> term.group().size()).toList(),
                    rows.size(),
                    rows.groups().size(),
                    first.in(),
                    first.out(),
                    first.dataType().getNumOfBytes(),
                    lookup);
        }
    }

    /** No adapter does anything here. */
    record Base() implements SlotPlan {
        @Override
        public @Nullable LinearTerms linear(SlotCall call, RowsPass pass) {
            return call.terms();
        }

        @Override
        public NDList forward(SlotCall call, RowsPass pass) {
            return call.base();
        }
    }

    /** All rows go through one adapter. */
    record One(SlotEffect effect) implements SlotPlan {
        @Override
        public @Nullable LinearTerms linear(SlotCall call, RowsPass pass) {
            pass.checkRows(call);
            return effect.terms(call, 1);
        }

        @Override
        public NDList forward(SlotCall call, RowsPass pass) {
            pass.checkRows(call);
            return effect.forward(call, 1);
        }
    }

    /**
     * The rows of each adapter go through the base by themselves, because an adapter replaces
     * something of the base.
     *
     * @param effects what is done to each group of rows; null where nothing is
     */
    record Segments(List<@Nullable SlotEffect> effects) implements SlotPlan {
        @Override
        public NDList forward(SlotCall call, RowsPass pass) {
            pass.checkRows(call);
            NDList gathered = new NDList();
            call.inputs().forEach(input -> gathered.add(pass.sorted(input))); // (B, …)
            NDList parts = new NDList();
            for (int g = 0; g < effects.size(); g++) {
                NDIndex index = pass.rows().groups().get(g).index();
                NDList segment = new NDList();
                gathered.forEach(input -> segment.add(input.get(index)));
                SlotCall part = call.with(segment);
                SlotEffect effect = effects.get(g);
                NDList output = effect == null ? part.base() : effect.forward(part, 1);
                parts.add(part.single(output)); // (b, …)
                segment.close();
            }
            NDArray all = NDArrays.concat(parts); // (B, …), group after group
            parts.close();
            NDArray restored = pass.restored(all);
            if (restored != all) {
                new NDList(all).close();
                gathered.close();
            }
            return new NDList(restored);
        }
    }

    /**
     * The terms of each adapter are added to its rows of the base's output.
     *
     * @param effects what is done to each group of rows; null where nothing is
     */
    record AddedSegments(List<@Nullable SlotEffect> effects) implements SlotPlan {
        @Override
        public NDList forward(SlotCall call, RowsPass pass) {
            pass.checkRows(call);
            return addTo(call.base(), call, pass, effect -> true);
        }

        /**
         * Adds the terms of some effects.
         *
         * @param output the base's, or with other terms; overwritten
         */
        NDList addTo(NDList output, SlotCall call, RowsPass pass, Predicate<SlotEffect> which) {
            NDArray y = call.single(output); // (B, …)
            NDArray in = pass.sorted(call.inputs().head()); // (B, …)
            NDArray sum = pass.sorted(y); // (B, …)
            for (int g = 0; g < effects.size(); g++) {
                SlotEffect effect = effects.get(g);
                if (effect != null && which.test(effect)) {
                    NDIndex index = pass.rows().groups().get(g).index();
                    try (NDArray inPart = in.get(index);
                            NDArray part = sum.get(index)) { // (b, …), views
                        effect.addTo(part, call.with(new NDList(inPart)), 1);
                    }
                }
            }
            if (sum == y) {
                return output;
            }
            NDArray restored = pass.restored(sum);
            new NDList(in, sum, y).close();
            return new NDList(restored);
        }
    }

    /** Two plain products with the factors of all adapters, masked in between. */
    record Masked(List<@Nullable FactorPair> pairs, Mask mask, long bytes, AddedSegments segments)
            implements Together {
        @Override
        public Way way() {
            return Way.MASKED;
        }

        @Override
        public LinearTerms.Factors factors(FactorStack stack, RowsPass pass) {
            return new LinearTerms.Factors(stack.a(), stack.b(), pass.scaling(mask));
        }

        @Override
        public void addTo(NDArray y, FactorStack stack, SlotCall call, RowsPass pass) {
            NDArray x = call.inputs().head();
            if (call.slot().kind() == ModuleKind.EMBEDDING) {
                stack.addMaskedEmbedding(x, y, pass.mask(mask));
            } else {
                stack.addMasked(x, y, pass.mask(mask));
            }
        }
    }

    /**
     * A batched product, each row with its own factors, padded to the largest rank. Not for
     * embeddings: there is no table to look rows up in.
     *
     * @param pairs that of each adapter; null where it has none
     */
    record Stacked(List<@Nullable FactorPair> pairs, long bytes, AddedSegments segments)
            implements Together {
        @Override
        public Way way() {
            return Way.STACKED;
        }

        @Override
        public LinearTerms.Factors factors(FactorStack stack, RowsPass pass) {
            StackRows rows = pass.stackRows();
            NDArray items = rows.isInOrder() ? null : rows.items();
            return new LinearTerms.Factors(stack.a(), stack.b(), null, items);
        }

        @Override
        public void addTo(NDArray y, FactorStack stack, SlotCall call, RowsPass pass) {
            stack.addInTurn(call.inputs().head(), y, pass.stackRows());
        }
    }
}

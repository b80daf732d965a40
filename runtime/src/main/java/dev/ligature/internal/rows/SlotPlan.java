package dev.ligature.internal.rows;

import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.rows.RowGroups.Group;
import dev.ligature.internal.rows.RowMask.Part;
import dev.ligature.internal.slot.Slot;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the adapters of a batch do at one slot.
 *
 * @param effects what is done to each group of rows; null where nothing is
 * @param isBase whether nothing is done to any
 * @param isAdditive whether everything that is done is to add terms to the base's output
 * @param way how terms are computed, if they are all that is done
 * @param pairs masked: those of all adapters, by the adapters' handles; stacked: that of each row,
 *     null where it has none; else empty
 * @param mask which columns are whose, if that way is the masked one
 * @param bytes what that way keeps
 */
record SlotPlan(
        List<@Nullable SlotEffect> effects,
        boolean isBase,
        boolean isAdditive,
        Way way,
        List<@Nullable FactorPair> pairs,
        @Nullable RowMask mask,
        long bytes) {

    /** Rows that go through one pair. */
    private record Term(Group group, FactorPair pair) {
        Part part() {
            return new Part(group, pair.plan().rank(), pair.plan().scaling());
        }
    }

    /**
     * Decides for a slot.
     *
     * @param masks those of the slots before; equal ones become one
     */
    static SlotPlan of(Slot slot, RowGroups rows, BatchRule rule, Map<RowMask, RowMask> masks) {
        List<@Nullable SlotEffect> effects = new ArrayList<>();
        for (Group group : rows.groups()) {
            effects.add(group.at(slot));
        }
        List<Term> terms = new ArrayList<>();
        for (Group group : rows.byHandle()) {
            SlotEffect effect = group.at(slot);
            FactorPair pair = effect == null ? null : effect.plainPair();
            if (pair != null) {
                terms.add(new Term(group, pair));
            } else if (effect != null) {
                return inSegments(effects);
            }
        }
        if (terms.isEmpty()) {
            return inSegments(effects);
        }
        BatchRule.Batch batch = batch(terms, rows);
        Way way = rule.choose(batch);
        RowMask mask = null;
        if (way == Way.MASKED) {
            RowMask made =
                    new RowMask(
                            rows,
                            terms.stream().map(Term::part).toList(),
                            terms.get(0).pair().plan().dataType());
            mask = masks.computeIfAbsent(made, same -> same);
        }
        return of(effects, way, pairs(way, terms, rows), mask, BatchRule.bytes(way, batch));
    }

    private static BatchRule.Batch batch(List<Term> terms, RowGroups rows) {
        List<PairPlan> plans = terms.stream().map(term -> term.pair().plan()).toList();
        boolean lookup =
                plans.stream()
                        .flatMap(plan -> plan.readers().stream())
                        .anyMatch(reader -> reader.kind() == ModuleKind.EMBEDDING);
        return new BatchRule.Batch(
                plans.stream().map(PairPlan::rank).toList(),
                terms.stream().map(term -> term.group().size()).toList(),
                rows.size(),
                plans.get(0).in(),
                plans.get(0).out(),
                plans.get(0).dataType().getNumOfBytes(),
                lookup);
    }

    private static List<@Nullable FactorPair> pairs(Way way, List<Term> terms, RowGroups rows) {
        return switch (way) {
            case MASKED -> new ArrayList<>(terms.stream().map(Term::pair).toList());
            case STACKED -> {
                @Nullable FactorPair[] byRow = new FactorPair[rows.size()];
                for (Term term : terms) {
                    for (int at = term.group().from(); at < term.group().to(); at++) {
                        byRow[(int) rows.order()[at]] = term.pair();
                    }
                }
                yield Collections.unmodifiableList(Arrays.asList(byRow));
            }
            case SEGMENTS -> List.of();
        };
    }

    private static SlotPlan inSegments(List<@Nullable SlotEffect> effects) {
        return of(effects, Way.SEGMENTS, List.of(), null, 0);
    }

    private static SlotPlan of(
            List<@Nullable SlotEffect> effects,
            Way way,
            List<@Nullable FactorPair> pairs,
            @Nullable RowMask mask,
            long bytes) {
        return new SlotPlan(
                effects,
                effects.stream().allMatch(Objects::isNull),
                effects.stream().allMatch(effect -> effect == null || effect.isAdditive()),
                way,
                pairs,
                mask,
                bytes);
    }

    /** Returns the same with the rows of each adapter by themselves. */
    SlotPlan inSegments() {
        return inSegments(effects);
    }
}

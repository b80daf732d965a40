package dev.ligature;

import dev.ligature.MixedBatchRule.Way;
import dev.ligature.RowGroups.Group;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the adapters of a batch do at one slot.
 *
 * @param effects what is done to each group of rows; null where nothing is
 * @param isBase whether nothing is done to any
 * @param isAdditive whether everything that is done is to add terms to the base's output
 * @param pairs the pair of each group where all that is done is to add terms of pairs; else empty
 * @param way how such terms are computed
 * @param bytes what that way keeps
 */
record MixedSlot(
        List<@Nullable SlotEffect> effects,
        boolean isBase,
        boolean isAdditive,
        List<@Nullable FactorPair> pairs,
        Way way,
        long bytes) {

    static MixedSlot of(Slot slot, RowGroups rows, MixedBatchRule rule) {
        List<@Nullable SlotEffect> effects = new ArrayList<>();
        for (Group group : rows.groups()) {
            effects.add(group.at(slot));
        }
        List<@Nullable FactorPair> pairs = new ArrayList<>();
        for (SlotEffect effect : effects) {
            FactorPair pair = effect == null ? null : effect.plainPair();
            if (effect != null && pair == null) {
                return of(effects, List.of(), Way.SEGMENTS, 0);
            }
            pairs.add(pair);
        }
        List<Integer> ranks = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        PairPlan plan = null;
        boolean lookup = false;
        for (int g = 0; g < pairs.size(); g++) {
            FactorPair pair = pairs.get(g);
            if (pair != null) {
                plan = pair.plan();
                lookup |=
                        plan.readers().stream()
                                .anyMatch(reader -> reader.kind() == ModuleKind.EMBEDDING);
                ranks.add(plan.rank());
                sizes.add(rows.groups().get(g).size());
            }
        }
        if (plan == null) {
            return of(effects, List.of(), Way.SEGMENTS, 0);
        }
        MixedBatchRule.Batch batch =
                new MixedBatchRule.Batch(
                        ranks,
                        sizes,
                        rows.size(),
                        plan.in(),
                        plan.out(),
                        plan.dataType().getNumOfBytes(),
                        lookup);
        Way way = rule.choose(batch);
        return of(effects, pairs, way, MixedBatchRule.bytes(way, batch));
    }

    private static MixedSlot of(
            List<@Nullable SlotEffect> effects,
            List<@Nullable FactorPair> pairs,
            Way way,
            long bytes) {
        return new MixedSlot(
                effects,
                effects.stream().allMatch(Objects::isNull),
                effects.stream().allMatch(effect -> effect == null || effect.isAdditive()),
                pairs,
                way,
                bytes);
    }

    /** Returns the same with the rows of each adapter by themselves. */
    MixedSlot inSegments() {
        return of(effects, pairs, Way.SEGMENTS, 0);
    }
}

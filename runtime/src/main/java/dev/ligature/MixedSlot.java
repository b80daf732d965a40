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
 * @param pairs the pair of each group where all that is done is to add terms of pairs; else empty
 * @param way how such terms are computed
 * @param bytes what that way keeps
 */
record MixedSlot(
        List<@Nullable SlotEffect> effects, List<@Nullable FactorPair> pairs, Way way, long bytes) {

    static MixedSlot of(Slot slot, RowGroups rows, MixedBatchRule rule) {
        List<@Nullable SlotEffect> effects = new ArrayList<>();
        for (Group group : rows.groups()) {
            effects.add(group.at(slot));
        }
        List<@Nullable FactorPair> pairs = new ArrayList<>();
        for (SlotEffect effect : effects) {
            FactorPair pair = effect == null ? null : effect.plainPair();
            if (effect != null && pair == null) {
                return new MixedSlot(effects, List.of(), Way.SEGMENTS, 0);
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
            return new MixedSlot(effects, List.of(), Way.SEGMENTS, 0);
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
        return new MixedSlot(effects, pairs, way, MixedBatchRule.bytes(way, batch));
    }

    /** Returns whether no adapter does anything here. */
    boolean isBase() {
        return effects.stream().allMatch(Objects::isNull);
    }

    /** Returns whether everything that is done is to add terms to the base's output. */
    boolean isAdditive() {
        return effects.stream().allMatch(effect -> effect == null || effect.isAdditive());
    }

    MixedSlot inSegments() {
        return new MixedSlot(effects, pairs, Way.SEGMENTS, 0);
    }
}

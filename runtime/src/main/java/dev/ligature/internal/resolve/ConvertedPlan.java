package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.config.PatternValue;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The plan of an adapter as files hold it: a pair that starts from its weight, with ΔW = s (B A −
 * B₀ A₀), is a plain one of twice the rank there, as PEFT converts it.
 */
public final class ConvertedPlan {
    private ConvertedPlan() {}

    /** Returns the plan of the same ΔW with plain pairs only. */
    public static LoraPlan of(LoraPlan plan) {
        LoraConfig config = plan.config();
        if (!config.init().startsFromWeight()) {
            return plan;
        }
        double growth = config.useRslora() ? Math.sqrt(2) : 2;
        LoraConfig doubled =
                config.toBuilder()
                        .optInit(LoraInit.DEFAULT)
                        .optRank(2 * config.rank())
                        .optLoraAlpha(growth * config.loraAlpha())
                        .optRankPattern(mapped(config.rankPattern(), rank -> 2 * rank))
                        .optAlphaPattern(mapped(config.alphaPattern(), alpha -> growth * alpha))
                        .build();
        List<PairPlan> plain =
                plan.pairs().stream().map(pair -> of(pair, config.useRslora())).toList();
        return new LoraPlan(doubled, plain, plan.replacements(), plan.tokenRows(), plan.warnings());
    }

    private static <V> List<PatternValue<V>> mapped(
            List<PatternValue<V>> patterns, UnaryOperator<V> change) {
        return patterns.stream()
                .map(entry -> new PatternValue<>(entry.pattern(), change.apply(entry.value())))
                .toList();
    }

    /** Returns the plan of [A; A₀] and [B, −B₀], with twice the rank and the same scaling. */
    private static PairPlan of(PairPlan pair, boolean rslora) {
        int times = pair.startsFromWeight() ? 2 : 1;
        double alpha = (rslora ? Math.sqrt(times) : times) * pair.alpha();
        return new PairPlan(
                pair.weight(),
                pair.readers(),
                pair.geometry(),
                PairPlan.Strength.of(times * pair.rank(), alpha, rslora, pair.dropout()),
                new PairPlan.Variant(LoraInit.DEFAULT, pair.dora(), pair.loraBias()),
                pair.dataType());
    }
}

package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
        Map<String, Integer> ranks = new LinkedHashMap<>(config.rankPattern());
        ranks.replaceAll((pattern, rank) -> 2 * rank);
        Map<String, Double> alphas = new LinkedHashMap<>(config.alphaPattern());
        alphas.replaceAll((pattern, alpha) -> growth * alpha);
        LoraConfig doubled =
                config.toBuilder()
                        .optInit(LoraInit.DEFAULT)
                        .optRank(2 * config.rank())
                        .optLoraAlpha(growth * config.loraAlpha())
                        .optRankPattern(ranks)
                        .optAlphaPattern(alphas)
                        .build();
        List<PairPlan> plain =
                plan.pairs().stream().map(pair -> of(pair, config.useRslora())).toList();
        return new LoraPlan(doubled, plain, plan.replacements(), plan.tokenRows(), plan.warnings());
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

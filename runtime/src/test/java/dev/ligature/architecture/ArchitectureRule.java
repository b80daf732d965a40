package dev.ligature.architecture;

import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.function.Function;

/**
 * What holds of the code below a root package.
 *
 * @param below makes the rule for a root package
 * @param planted the classes that break the rule, by their names below the root of the planted code
 */
record ArchitectureRule(Function<String, ArchRule> below, List<String> planted) {
    static final ArchitectureRule NUMBER_OVERLOADS =
            rule(DjlRules::noNumberOverloads, "NumberOverloads");
    static final ArchitectureRule STORAGE_SWAPS = rule(DjlRules::noStorageSwaps, "StorageSwaps");
    static final ArchitectureRule CASTS_OUT_OF_THE_GRAPH =
            rule(DjlRules::noCastsOutOfTheGraph, "CastOutOfTheGraph");
    static final ArchitectureRule CLASS_CIRCLES =
            rule(ClassCircles::none, "circle.First", "circle.Second", "circle.Third");

    static List<ArchitectureRule> all() {
        return List.of(
                rule(CodeRules::noReflection, "Reflection", "MemberAccess"),
                rule(CodeRules::noDataBinding, "DataBinding"),
                rule(CodeRules::noStandardStreams, "StandardStreams"),
                rule(CodeRules::noVagueNames, "VagueUtil"),
                rule(CodeRules::noErrorWithoutMessage, "ErrorWithoutMessage", "WarningByReference"),
                NUMBER_OVERLOADS,
                STORAGE_SWAPS,
                CASTS_OUT_OF_THE_GRAPH,
                rule(DjlRules::noIdEmbedding, "UnsafeEmbedding"),
                rule(DjlRules::noConvolutionsOfTheEngine, "EngineConvolution"),
                rule(DjlRules::noClippingOfElements, "ClippingOfElements"),
                CLASS_CIRCLES,
                rule(ArrowRules::plansHoldNoArrays, "plan.HoldsAnArray"),
                rule(ArrowRules::namesKnowNoModels, "internal.names.KnowsTheRegistry"),
                rule(
                        ArrowRules::filesKnowNoForwardPass,
                        "checkpoint.KnowsTheRegistry",
                        "internal.peft.KnowsTheRegistry"),
                rule(ArrowRules::linalgKnowsMatricesAlone, "internal.linalg.KnowsPlans"),
                rule(ArrowRules::slotsKnowNoAdapters, "internal.slot.KnowsTheRegistry"),
                rule(ArrowRules::adaptersKnowNoEffects, "internal.adapter.KnowsTheRegistry"),
                rule(ArrowRules::effectsKnowNoRoutes, "internal.effect.KnowsTheRegistry"),
                rule(ArrowRules::routesKnowNoRows, "internal.route.KnowsTheRegistry"),
                rule(ArrowRules::rowsKnowNoRegistry, "internal.rows.KnowsTheRegistry"),
                rule(ArrowRules::blocksKnowNothingAbove, "block.KnowsPlans"),
                rule(ArrowRules::injectKnowsNothingAbove, "inject.KnowsPlans"),
                rule(ArrowRules::trainingKnowsNoAdapters, "training.KnowsAdapters"),
                rule(ArrowRules::nobodyNeedsTraining, "NeedsTraining"),
                rule(ArrowRules::storeKnowsNoPlans, "store.KnowsPlans"),
                rule(ArrowRules::nobodyNeedsTheStore, "NeedsTheStore"));
    }

    /** Returns the description, which names the parameter of a test. */
    @Override
    public String toString() {
        return below.apply("dev.ligature").getDescription();
    }

    private static ArchitectureRule rule(Function<String, ArchRule> below, String... planted) {
        return new ArchitectureRule(below, List.of(planted));
    }
}

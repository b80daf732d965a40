package dev.ligature.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;

/** Which package may know which. The annotations are a module of their own, below all. */
final class ArrowRules {
    private static final String ANNOTATIONS = "dev.ligature.annotation..";
    private static final String DJL = "ai.djl..";
    private static final List<String> ALWAYS = List.of("java..", "org.jspecify..", "org.slf4j..");

    private ArrowRules() {}

    static ArchRule diagStandsAlone(String root) {
        return knowsOnly(root, "diag", List.of());
    }

    static ArchRule injectKnowsNothingAbove(String root) {
        return knowsOnly(root, "inject", List.of("diag"), ANNOTATIONS, DJL);
    }

    static ArchRule blockKnowsNothingAbove(String root) {
        return knowsOnly(root, "block", List.of("diag"), ANNOTATIONS, DJL);
    }

    static ArchRule linalgKnowsMatricesAlone(String root) {
        return knowsOnly(root, "linalg", List.of(), DJL, "org.ejml..");
    }

    /** Names, kinds, shapes and data types: a plan is a value, and no block or array is in it. */
    static ArchRule planHoldsNoArrays(String root) {
        return knowsOnly(root, "plan", List.of("diag"), ANNOTATIONS, "ai.djl.ndarray.types..");
    }

    static ArchRule checkpointKnowsNoAdapters(String root) {
        return knowsOnly(
                root,
                "checkpoint",
                List.of("plan", "inject", "block", "diag"),
                ANNOTATIONS,
                DJL,
                "com.google.gson..");
    }

    /** What is trainable is what a block shows as such, so training needs none of the others. */
    static ArchRule trainingKnowsNoAdapters(String root) {
        return knowsOnly(root, "training", List.of("diag"), DJL);
    }

    static ArchRule nobodyNeedsTraining(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackage(root + ".training..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(root + ".training..");
    }

    /** The store decides when adapters come and go; what they are made of is not its business. */
    static ArchRule storeKnowsNoPlans(String root) {
        return knowsOnly(root, "store", List.of("checkpoint", "diag"), root, DJL);
    }

    static ArchRule nobodyNeedsTheStore(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackage(root + ".store..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(root + ".store..");
    }

    static ArchRule noCycles(String root) {
        return slices().matching(root + ".(**)").should().beFreeOfCycles();
    }

    private static ArchRule knowsOnly(
            String root, String room, List<String> rooms, String... outside) {
        List<String> known = new ArrayList<>(ALWAYS);
        known.addAll(List.of(outside));
        known.add(root + "." + room + "..");
        rooms.forEach(other -> known.add(root + "." + other + ".."));
        return classes()
                .that()
                .resideInAPackage(root + "." + room + "..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(known.toArray(String[]::new));
    }
}

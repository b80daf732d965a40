package dev.ligature.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import dev.ligature.internal.route.TapedBlock;
import dev.ligature.internal.slot.CollectorTurn;
import dev.ligature.plan.ModuleKind;
import java.util.List;

/** Which package must not know which. */
final class ArrowRules {
    /** The packages of a forward pass, lowest first: each may know those before it. */
    private static final List<String> PASS =
            List.of(
                    "internal.slot",
                    "internal.adapter",
                    "internal.effect",
                    "internal.route",
                    "internal.rows",
                    "internal.combine",
                    "internal.registry",
                    "internal.merge");

    private static final List<String> FILES =
            List.of(
                    "checkpoint",
                    "internal.tensors",
                    "internal.files",
                    "internal.model",
                    "internal.peft",
                    "internal.json");

    private ArrowRules() {}

    /** Names, kinds, shapes and data types: plans and configurations are values. */
    static ArchRule plansHoldNoArrays(String root) {
        return none(
                root,
                List.of("config", "plan", "internal.resolve", "internal.names"),
                resideInAnyPackage("ai.djl.ndarray", "ai.djl.nn..", "ai.djl.training.."));
    }

    static ArchRule namesKnowNoModels(String root) {
        return none(root, List.of("internal.names"), rooms(root, PASS));
    }

    static ArchRule filesKnowNoForwardPass(String root) {
        return none(root, FILES, rooms(root, PASS));
    }

    static ArchRule linalgKnowsMatricesAlone(String root) {
        return none(root, List.of("internal.linalg"), oursOutside(root, "internal.linalg"));
    }

    static ArchRule slotsKnowNoAdapters(String root) {
        return noneAbove(root, "internal.slot");
    }

    static ArchRule adaptersKnowNoEffects(String root) {
        return noneAbove(root, "internal.adapter");
    }

    static ArchRule effectsKnowNoRoutes(String root) {
        return noneAbove(root, "internal.effect");
    }

    static ArchRule routesKnowNoRows(String root) {
        return noneAbove(root, "internal.route");
    }

    static ArchRule rowsKnowNoRegistry(String root) {
        return noneAbove(root, "internal.rows");
    }

    /** A block says its kind in the word that plans have for it. */
    static ArchRule blocksKnowNothingAbove(String root) {
        return none(
                root,
                List.of("block"),
                oursOutside(root, "block").and(not(type(ModuleKind.class))));
    }

    static ArchRule injectKnowsNothingAbove(String root) {
        return none(root, List.of("inject"), oursOutside(root, "inject"));
    }

    /**
     * What is trainable is what a block shows as such, so training needs none of the others. It
     * takes turns with what else collects gradients, records its passes on an engine's tape, and
     * computes losses in a room below.
     */
    static ArchRule trainingKnowsNoAdapters(String root) {
        return none(
                root,
                List.of("training"),
                oursOutside(root, "training")
                        .and(not(rooms(root, List.of("ops", "internal.loss"))))
                        .and(not(type(CollectorTurn.class)))
                        .and(not(type(TapedBlock.class))));
    }

    static ArchRule nobodyNeedsTraining(String root) {
        return nobodyNeeds(root, "training");
    }

    /** The store decides when adapters are loaded and evicted; plans and files are the model's. */
    static ArchRule storeKnowsNoPlans(String root) {
        return none(
                root,
                List.of("store"),
                rooms(root, List.of("config", "plan", "internal.resolve", "internal.peft")));
    }

    static ArchRule nobodyNeedsTheStore(String root) {
        return nobodyNeeds(root, "store");
    }

    private static ArchRule nobodyNeeds(String root, String room) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackage(root + "." + room + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(root + "." + room + "..");
    }

    private static ArchRule noneAbove(String root, String room) {
        List<String> above = PASS.subList(PASS.indexOf(room) + 1, PASS.size());
        return none(root, List.of(room), rooms(root, above));
    }

    private static ArchRule none(
            String root, List<String> rooms, DescribedPredicate<? super JavaClass> banned) {
        return noClasses().that(rooms(root, rooms)).should().dependOnClassesThat(banned);
    }

    private static DescribedPredicate<JavaClass> rooms(String root, List<String> rooms) {
        return resideInAnyPackage(
                rooms.stream().map(room -> root + "." + room + "..").toArray(String[]::new));
    }

    /** Returns our classes outside of a room, but errors, messages and annotations. */
    private static DescribedPredicate<JavaClass> oursOutside(String root, String room) {
        return resideInAPackage(root + "..")
                .and(not(rooms(root, List.of(room, "internal.diag", "annotation"))))
                .and(not(assignableTo(Throwable.class)));
    }
}

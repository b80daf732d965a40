package dev.ligature.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The runtime keeps its architecture, and each rule sees code that breaks it. */
final class ArchitectureTest {
    private static final String PLANTED = "dev.ligature.architecture.planted";
    private static final JavaClasses RUNTIME =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("dev.ligature");
    private static final JavaClasses VIOLATIONS = new ClassFileImporter().importPackages(PLANTED);

    @ParameterizedTest
    @MethodSource("dev.ligature.architecture.ArchitectureRule#all")
    void theRuntime_keeps(ArchitectureRule rule) {
        rule.below().apply("dev.ligature").check(RUNTIME);
    }

    @ParameterizedTest
    @MethodSource("dev.ligature.architecture.ArchitectureRule#all")
    void plantedCode_isSeenToBreak(ArchitectureRule rule) {
        List<String> violations = violations(rule);
        for (String planted : rule.planted()) {
            String culprit = PLANTED + "." + planted;
            assertTrue(
                    violations.stream().anyMatch(line -> line.contains(culprit)),
                    culprit + " in " + violations);
        }
    }

    @Test
    void everyBannedOverload_isSeen() {
        List<String> sums = violations(ArchitectureRule.NUMBER_OVERLOADS);
        for (String name :
                List.of(
                        "add", "addi", "sub", "subi", "mul", "muli", "div", "divi", "mod", "modi",
                        "pow", "powi", "maximum", "minimum")) {
            String call = "NDArray." + name + "(java.lang.Number)";
            assertTrue(sums.stream().anyMatch(line -> line.contains(call)), call + " in " + sums);
        }
        assertEquals(16, sums.size(), "one by NDArrays, and one by a method reference");
        List<String> swaps = violations(ArchitectureRule.STORAGE_SWAPS);
        for (String call :
                List.of(
                        "set(java.nio.Buffer)",
                        "set([F)",
                        "set([J)",
                        "copyTo(ai.djl.ndarray.NDArray)")) {
            assertTrue(swaps.stream().anyMatch(line -> line.contains(call)), call + " in " + swaps);
        }
        assertEquals(4, swaps.size(), "writing by index is allowed");
        assertEquals(2, violations(ArchitectureRule.CASTS_OUT_OF_THE_GRAPH).size());
    }

    @Test
    void aSealedTypeThatMakesWhatItPermits_isNoCircle() {
        List<String> circles =
                violations(ArchitectureRule.CLASS_CIRCLES).stream()
                        .filter(line -> line.startsWith(PLANTED + ".circle."))
                        .toList();
        assertEquals(3, circles.size(), "" + circles);
        assertTrue(circles.stream().noneMatch(line -> line.contains("Family")), "" + circles);
    }

    @Test
    void theRuntimeOfTheRules_isTheWholeRuntime() {
        assertTrue(RUNTIME.contain("dev.ligature.LoraModel"));
        assertTrue(RUNTIME.contain("dev.ligature.plan.LoraPlan"));
        assertTrue(RUNTIME.contain("dev.ligature.training.TrainingLoop"));
        assertTrue(
                Stream.of(PLANTED + ".Reflection", ArchitectureTest.class.getName())
                        .noneMatch(RUNTIME::contain));
    }

    private static List<String> violations(ArchitectureRule rule) {
        return rule.below().apply(PLANTED).evaluate(VIOLATIONS).getFailureReport().getDetails();
    }
}

package dev.ligature.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Neither the generated classes of the models nor the commands look classes up at run time. */
final class NoReflectionTest {
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.ligature.models", "dev.ligature.cli");

    @Test
    void generatedClassesAndCommands_useNoReflection() {
        assertTrue(CLASSES.contain("dev.ligature.models.llama.LlamaForCausalLMLora"));
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.lang.reflect..", "java.lang.invoke..")
                .check(CLASSES);
        Set<String> lookUps = Set.of("forName", "newInstance", "getDeclaredField", "getField");
        noClasses()
                .should()
                .callMethodWhere(
                        describe(
                                "Class looks something up",
                                (JavaMethodCall call) ->
                                        call.getTargetOwner().isEquivalentTo(Class.class)
                                                && lookUps.contains(call.getName())))
                .check(CLASSES);
    }
}

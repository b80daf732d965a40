package dev.ligature.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.translate.TranslatorFactory;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.server.CompletionServer;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the models, the server and the commands may know of each other, and of Java. */
final class ModuleRulesTest {
    private static final String CLI = "dev.ligature.cli..";
    private static final String SERVER = "dev.ligature.server..";
    private static final String FAMILIES = "dev.ligature.models.llama..";

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages(
                            "dev.ligature.models", "dev.ligature.server", "dev.ligature.cli");
    private static final JavaClasses PLANTED =
            new ClassFileImporter().importPackages("dev.ligature.planted");

    /** What makes a Llama from nothing; all else gets a model of any family. */
    private static final String MAKERS = ".*\\.(Pretrain|BaseDirectory|SizeOptions|Demo).*";

    /** DJL's interface has {@code java.lang.reflect.Type} in a signature, to name types by. */
    private static final DescribedPredicate<JavaClass> NAMES_TYPES =
            assignableTo(TranslatorFactory.class);

    private static final Set<String> LOOK_UPS =
            Set.of("forName", "newInstance", "getDeclaredField", "getField");

    @Test
    void theClasses_areThoseOfThreeModules() {
        assertTrue(CLASSES.contain("dev.ligature.models.llama.LlamaForCausalLMLora"));
        assertTrue(CLASSES.contain(CompletionServer.class));
        assertTrue(CLASSES.contain(Ligature.class));
    }

    @Test
    void generatedClassesAndCommands_useNoReflection() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage(SERVER)
                        .and(not(NAMES_TYPES))
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("java.lang.reflect..", "java.lang.invoke.."));
        check(
                noClasses()
                        .should()
                        .callMethodWhere(
                                describe(
                                        "Class looks something up",
                                        (JavaMethodCall call) ->
                                                call.getTargetOwner().isEquivalentTo(Class.class)
                                                        && LOOK_UPS.contains(call.getName()))));
    }

    @Test
    void theServerAndTheCommands_knowNoFamilyOfModels() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage(FAMILIES)
                        .and()
                        .haveNameNotMatching(MAKERS)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(FAMILIES));
    }

    @Test
    void theModelsKnowNoServer_andTheServerNoCommands() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages(SERVER, CLI)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(SERVER));
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage(CLI)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(CLI));
    }

    @Test
    void theInsideOfTheServer_isForTheServerAlone() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage(SERVER)
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("dev.ligature.server.internal.."));
    }

    @Test
    void errorsOfLigature_areMessagesOfACatalogue() {
        check(
                noClasses()
                        .should()
                        .callConstructorWhere(
                                describe(
                                        "an error of Ligature's is made",
                                        call ->
                                                call.getTargetOwner()
                                                                .isAssignableTo(LoraException.class)
                                                        || call.getTargetOwner()
                                                                .isEquivalentTo(
                                                                        CheckpointException
                                                                                .class))));
    }

    private static void check(ArchRule rule) {
        rule.check(CLASSES);
        assertTrue(rule.evaluate(PLANTED).hasViolation(), "the planted class does not break it");
    }
}

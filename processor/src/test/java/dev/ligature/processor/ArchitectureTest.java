package dev.ligature.processor;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.ligature.processor.diag.Reporter;
import dev.ligature.processor.diag.Site;
import java.io.File;
import javax.annotation.processing.Messager;
import javax.lang.model.type.TypeMirror;
import org.junit.jupiter.api.Test;

/** The rooms of the processor and their doors. */
class ArchitectureTest {
    private static final String ROOT = "dev.ligature.processor";
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages(ROOT);

    @Test
    void doorsLeadOneWay() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("processor")
                .definedBy(ROOT)
                .layer("read")
                .definedBy(ROOT + ".read")
                .layer("model")
                .definedBy(ROOT + ".model")
                .layer("check")
                .definedBy(ROOT + ".check")
                .layer("write")
                .definedBy(ROOT + ".write")
                .layer("diag")
                .definedBy(ROOT + ".diag")
                .whereLayer("processor")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("read")
                .mayOnlyBeAccessedByLayers("processor")
                .whereLayer("check")
                .mayOnlyBeAccessedByLayers("processor")
                .whereLayer("write")
                .mayOnlyBeAccessedByLayers("processor")
                .whereLayer("model")
                .mayOnlyBeAccessedByLayers("processor", "read", "check", "write")
                .whereLayer("diag")
                .mayOnlyBeAccessedByLayers("processor", "read", "model", "check")
                .check(CLASSES);
    }

    @Test
    void theModelAndItsRules_knowTheCompilerOnlyAsSites() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".model", ROOT + ".check")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("javax.lang.model..", "javax.annotation.processing..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".model")
                .should()
                .dependOnClassesThat(
                        DescribedPredicate.describe(
                                "are diagnostics but no sites",
                                type ->
                                        type.getPackageName().equals(ROOT + ".diag")
                                                && !type.isEquivalentTo(Site.class)))
                .check(CLASSES);
    }

    @Test
    void onlyTheReporterTalksToTheMessager() {
        noClasses()
                .that()
                .doNotBelongToAnyOf(Reporter.class, LoraProcessor.class)
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Messager.class)
                .check(CLASSES);
    }

    @Test
    void noFileIsTouched_andNeitherInternalsOfACompiler_norWhatModelsDependOn() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.nio.file..",
                        "com.sun..",
                        "sun..",
                        "org.eclipse..",
                        "ai.djl..",
                        "dev.ligature.annotation..",
                        "dev.ligature.inject..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(File.class)
                .check(CLASSES);
    }

    @Test
    void typesAreNotComparedAsObjects() {
        noClasses()
                .should()
                .callMethod(TypeMirror.class, "equals", Object.class)
                .orShould()
                .callMethod(TypeMirror.class, "hashCode")
                .check(CLASSES);
    }

    @Test
    void classesAreFinalOrRecordsOrSealed() {
        classes()
                .that()
                .areNotInterfaces()
                .and()
                .areNotEnums()
                .should()
                .haveModifier(JavaModifier.FINAL)
                .orShould()
                .beAnonymousClasses()
                .orShould()
                .haveSimpleName("package-info")
                .check(CLASSES);
    }

    @Test
    void allRoomsAreThere() {
        for (String room : new String[] {"read", "model", "check", "write", "diag"}) {
            assertTrue(CLASSES.containPackage(ROOT + "." + room), room);
        }
    }
}

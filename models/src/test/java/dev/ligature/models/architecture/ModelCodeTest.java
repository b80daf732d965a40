package dev.ligature.models.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import dev.ligature.LoraException;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What holds of the models, and of the classes that the processor writes for them. */
final class ModelCodeTest {
    private static final JavaClasses MODELS =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("dev.ligature.models");
    private static final JavaClasses PLANTED =
            new ClassFileImporter()
                    .importClasses(
                            ByName.class, WithNumber.class, KnowsAFamily.class, MakesAnError.class);
    private static final Set<String> ARITHMETIC =
            Set.of("add", "addi", "sub", "subi", "mul", "muli", "div", "divi", "pow", "powi");

    /** Binding is plain assignment: nothing is looked up by its name. */
    private static final ArchRule GENERATED_CODE_HAS_NO_REFLECTION =
            CompositeArchRule.of(
                            noClasses()
                                    .that()
                                    .areAnnotatedWith(LoraGenerated.class)
                                    .should()
                                    .dependOnClassesThat()
                                    .resideInAnyPackage(
                                            "java.lang.reflect..", "java.lang.invoke.."))
                    .and(
                            noClasses()
                                    .that()
                                    .areAnnotatedWith(LoraGenerated.class)
                                    .should()
                                    .callMethodWhere(
                                            describe(
                                                    "the owner is Class", ModelCodeTest::looksUp)));

    /** Autograd keeps the address of the number's buffer, which Java frees: wrong gradients. */
    private static final ArchRule MODELS_TAKE_NO_NUMBERS =
            noClasses()
                    .that()
                    .resideInAnyPackage("dev.ligature.models..")
                    .should()
                    .callMethodWhere(
                            describe("an NDArray takes a Number", ModelCodeTest::takesNumber));

    /** A family is found by the model_type of its config.json, and known by its interface. */
    private static final List<String> FAMILIES =
            List.of(
                    "dev.ligature.models.llama..",
                    "dev.ligature.models.bert..",
                    "dev.ligature.models.modernbert..");

    private static final ArchRule ONLY_A_FAMILY_KNOWS_ITS_CLASSES =
            CompositeArchRule.of(FAMILIES.stream().map(ModelCodeTest::knownToItself).toList());

    private static final ArchRule BLOCKS_KNOW_NOTHING_ABOVE =
            noClasses()
                    .that()
                    .resideInAPackage("dev.ligature.models.block..")
                    .should()
                    .dependOnClassesThat(
                            resideInAPackage("dev.ligature.models..")
                                    .and(
                                            not(
                                                    resideInAnyPackage(
                                                            "dev.ligature.models.block..",
                                                            "dev.ligature.models.internal.."))));

    /** An error is a message of the catalogue: only those have a code and a text. */
    private static final ArchRule ERRORS_ARE_MESSAGES =
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
                                                                    CheckpointException.class)));

    @Test
    void nothingButAFamily_knowsItsClasses() {
        ONLY_A_FAMILY_KNOWS_ITS_CLASSES.check(MODELS);
        assertTrue(ONLY_A_FAMILY_KNOWS_ITS_CLASSES.evaluate(PLANTED).hasViolation());
        BLOCKS_KNOW_NOTHING_ABOVE.check(MODELS);
    }

    @Test
    void errors_areMessagesOfTheCatalogue() {
        ERRORS_ARE_MESSAGES.check(MODELS);
        assertTrue(ERRORS_ARE_MESSAGES.evaluate(PLANTED).hasViolation());
    }

    @Test
    void generatedCode_hasNoReflection() {
        assertTrue(MODELS.contain(LlamaForCausalLMLora.class), "nothing was generated");
        GENERATED_CODE_HAS_NO_REFLECTION.check(MODELS);
        assertTrue(GENERATED_CODE_HAS_NO_REFLECTION.evaluate(PLANTED).hasViolation());
    }

    @Test
    void models_doNotComputeWithNumbers() {
        MODELS_TAKE_NO_NUMBERS.check(MODELS);
        assertTrue(MODELS_TAKE_NO_NUMBERS.evaluate(PLANTED).hasViolation());
    }

    private static ArchRule knownToItself(String family) {
        return noClasses()
                .that()
                .resideOutsideOfPackage(family)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(family);
    }

    private static boolean looksUp(JavaMethodCall call) {
        // getClass() == X.class is how an unknown subclass is told; that is a call of Object.
        return call.getTargetOwner().isEquivalentTo(Class.class);
    }

    private static boolean takesNumber(JavaMethodCall call) {
        return call.getTargetOwner().isAssignableTo(NDArray.class)
                && ARITHMETIC.contains(call.getTarget().getName())
                && call.getTarget().getRawParameterTypes().stream()
                        .map(JavaClass::getName)
                        .anyMatch(Number.class.getName()::equals);
    }

    /** Breaks the first rule. */
    @SuppressWarnings("UnusedMethod") // read as byte code, never run
    @LoraGenerated(contract = 2)
    private static final class ByName {
        static Class<?> find(String name) throws ClassNotFoundException {
            return Class.forName(name);
        }
    }

    /** Breaks the second rule. */
    @SuppressWarnings("UnusedMethod") // read as byte code, never run
    private static final class WithNumber {
        static NDArray twice(NDArray x) {
            return x.mul(2);
        }
    }

    /** Breaks the third rule. */
    private record KnowsAFamily(LlamaForCausalLM model) {}

    /** Breaks the fourth rule. */
    @SuppressWarnings("UnusedMethod") // read as byte code, never run
    private static final class MakesAnError {
        static LoraException error() {
            return new LoraException("Planted", "planted");
        }
    }
}

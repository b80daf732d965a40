package dev.ligature.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.google.gson.FormattingStyle;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import java.lang.invoke.MethodHandles;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Rules of Java code in general. */
final class CodeRules {
    // Finding a class or a member by its name. Asking a class for its own name is no reflection.
    private static final Pattern LOOKUP =
            Pattern.compile(
                    "forName|newInstance|loadClass|find.*"
                            + "|get(Declared)?(Field|Method|Constructor|Classe|RecordComponent)s?");

    private static final Set<String> ERRORS =
            Set.of(
                    "dev.ligature.LoraException",
                    "dev.ligature.LoraStateException",
                    "dev.ligature.StoreFullException",
                    "dev.ligature.UnknownAdapterException",
                    "dev.ligature.checkpoint.CheckpointException",
                    "dev.ligature.plan.PlanWarning");

    private CodeRules() {}

    static ArchRule noReflection(String root) {
        return CompositeArchRule.of(
                        noClasses()
                                .that()
                                .resideInAPackage(root + "..")
                                .should()
                                .dependOnClassesThat()
                                .resideInAPackage("java.lang.reflect.."))
                .and(
                        noAccess(
                                "a look-up by name",
                                access ->
                                        looksUp(access.getTargetOwner())
                                                && LOOKUP.matcher(access.getTarget().getName())
                                                        .matches(),
                                root + ".."));
    }

    /** JSON is read and written token by token; nothing of Gson's that binds it to classes. */
    static ArchRule noDataBinding(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .dependOnClassesThat(
                        resideInAPackage("com.google.gson..")
                                .and(not(resideInAPackage("com.google.gson.stream..")))
                                .and(
                                        not(
                                                belongToAnyOf(
                                                        Strictness.class,
                                                        FormattingStyle.class,
                                                        JsonParseException.class))));
    }

    static ArchRule noStandardStreams(String root) {
        return noAccess(
                "standard output or error",
                access ->
                        access.getTarget().getName().equals("printStackTrace")
                                || access.getTarget().getFullName().equals("java.lang.System.out")
                                || access.getTarget().getFullName().equals("java.lang.System.err"),
                root + "..");
    }

    static ArchRule noVagueNames(String root) {
        return classes()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .haveNameNotMatching(".*(Util|Utils|Helper|Manager|Impl)|.*\\.Abstract[^.]*");
    }

    /** An error or a warning is a message of a catalogue: only those have a code and a text. */
    static ArchRule noErrorWithoutMessage(String root) {
        return noAccess(
                "the constructor of an error or a warning",
                access ->
                        access.getTarget().getName().equals("<init>")
                                && ERRORS.contains(access.getTargetOwner().getName())
                                && !access.getOriginOwner()
                                        .isAssignableTo(access.getTargetOwner().getName())
                                && !access.getOriginOwner()
                                        .getPackageName()
                                        .equals(root + ".internal.diag"),
                root + "..");
    }

    /** Returns the rule that no class of the packages reads, calls or refers to such a target. */
    static ArchRule noAccess(String what, Predicate<JavaAccess<?>> banned, String... packages) {
        return noClasses()
                .that()
                .resideInAnyPackage(packages)
                .should()
                .accessTargetWhere(describe(what, banned));
    }

    private static boolean looksUp(JavaClass owner) {
        return owner.isEquivalentTo(Class.class)
                || owner.isAssignableTo(ClassLoader.class)
                || owner.isEquivalentTo(MethodHandles.Lookup.class);
    }
}

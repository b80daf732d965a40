package dev.ligature.server.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import dev.ligature.server.CompletionServer;
import dev.ligature.server.internal.engine.BatchEngine;
import dev.ligature.server.settings.ServerLimits;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The rooms of the server, and which may know which; each rule sees code that breaks it. */
final class ArchitectureTest {
    private static final String ROOT = "dev.ligature.server";
    private static final String PLANTED = ROOT + ".architecture.planted";
    private static final int MOST_TYPES = 18; // of a room

    /** All rooms, below the root package; each may know those before it. */
    private static final List<String> ROOMS =
            List.of(
                    ".settings",
                    ".model",
                    ".internal.access",
                    ".internal.metrics",
                    ".internal.page",
                    ".internal.answer",
                    ".internal.request",
                    ".internal.http",
                    ".internal.admission",
                    ".internal.engine",
                    ".internal.intake",
                    ".internal.handler",
                    "");

    /** The rooms that work with connections. */
    private static final Set<String> OF_HTTP =
            Set.of(".internal.http", ".internal.intake", ".internal.handler", "");

    private static final JavaClasses SERVER =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages(ROOT);
    private static final JavaClasses VIOLATIONS = new ClassFileImporter().importPackages(PLANTED);

    /** No circle of packages, whichever they are. */
    private static ArchRule noCircle(String root) {
        String above = root.substring(0, root.lastIndexOf('.'));
        return SlicesRuleDefinition.slices().matching(above + ".(**)").should().beFreeOfCycles();
    }

    /** A room knows those before it in the list, and no other. */
    private static ArchRule onlyBelow(String root, String room) {
        List<String> above = ROOMS.subList(ROOMS.indexOf(room) + 1, ROOMS.size());
        return noClasses()
                .that()
                .resideInAPackage(root + room)
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage(
                                above.stream().map(root::concat).toArray(String[]::new)));
    }

    /** What requests ask for, how they wait and how they are computed has nothing of HTTP. */
    private static ArchRule noHttp(String root) {
        return noClasses()
                .that(
                        resideOutsideOfPackages(
                                OF_HTTP.stream().map(root::concat).toArray(String[]::new)))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx..", "io.netty..", "java.net.http..");
    }

    /** What the HTTP library keeps to itself may change with any version. */
    private static ArchRule noInsideOfVertx(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx..impl..", "io.vertx..internal..");
    }

    @Test
    void theServer_usesTheApiOfTheHttpLibraryAlone() {
        noInsideOfVertx(ROOT).check(SERVER);
        assertTrue(breaks(noInsideOfVertx(PLANTED), "UsesTheInside"));
    }

    @Test
    void noRooms_needEachOther() {
        noCircle(ROOT).check(SERVER);
        assertEquals(1, violations(noCircle(PLANTED)).size(), "the planted circle");
    }

    @Test
    void rooms_knowThoseBelowThem() {
        ROOMS.subList(0, ROOMS.size() - 1).forEach(room -> onlyBelow(ROOT, room).check(SERVER));
        assertTrue(breaks(onlyBelow(PLANTED, ".internal.engine"), "KnowsTheIntake"));
    }

    @Test
    void whatComputes_knowsNoHttp() {
        noHttp(ROOT).check(SERVER);
        assertTrue(breaks(noHttp(PLANTED), "KnowsTheIntake"));
    }

    @Test
    void roomsAreThoseOfTheList_andNoneIsCrowded() {
        assertEquals(Set.copyOf(ROOMS), types(SERVER, ROOT).keySet());
        assertEquals(Set.of(), crowded(MOST_TYPES));
        assertTrue(crowded(1).contains(".internal.engine"));
    }

    @Test
    void theServerOfTheRules_isTheWholeServer() {
        assertTrue(SERVER.contain(CompletionServer.class));
        assertTrue(SERVER.contain(BatchEngine.class));
        assertTrue(SERVER.contain(ServerLimits.class));
        assertTrue(!SERVER.contain(ArchitectureTest.class));
    }

    private static Map<String, Set<String>> types(JavaClasses classes, String root) {
        return classes.stream()
                .filter(each -> each.isTopLevelClass() && !each.getSimpleName().isEmpty())
                .filter(each -> !each.getSimpleName().equals("package-info"))
                .collect(
                        Collectors.groupingBy(
                                each -> each.getPackageName().substring(root.length()),
                                TreeMap::new,
                                Collectors.mapping(
                                        each -> each.getSimpleName(),
                                        Collectors.toCollection(TreeSet::new))));
    }

    private static Set<String> crowded(int most) {
        return types(SERVER, ROOT).entrySet().stream()
                .filter(room -> room.getValue().size() > most)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private static boolean breaks(ArchRule rule, String culprit) {
        return violations(rule).stream().anyMatch(line -> line.contains(culprit));
    }

    private static List<String> violations(ArchRule rule) {
        return rule.evaluate(VIOLATIONS).getFailureReport().getDetails();
    }
}

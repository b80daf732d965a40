package dev.ligature.examples.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every class and package that the architecture page names is in the source tree. */
final class ArchitecturePageTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern CODE = Pattern.compile("`@?([^`]+)`");
    private static final Pattern CLASS =
            Pattern.compile("(?:[a-z]+\\.)*([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)");
    private static final Pattern PACKAGE = Pattern.compile("(?:internal\\.|processor\\.)[a-z]+");

    /** Codes of messages, and families of classes. */
    private static final Set<String> NO_CLASSES = Set.of("LoraRowsMismatch");

    @Test
    void everyClassAndPackageOnThePage_isInTheSourceTree() throws IOException {
        Set<String> classes = new TreeSet<>();
        Set<String> packages = new TreeSet<>();
        Matcher code = CODE.matcher(Files.readString(ROOT.resolve("docs/architecture.md")));
        while (code.find()) {
            Matcher type = CLASS.matcher(code.group(1));
            if (type.matches()) {
                classes.add(type.group(1));
            } else if (PACKAGE.matcher(code.group(1)).matches()) {
                packages.add(code.group(1).replace('.', '/'));
            }
        }
        assertTrue(classes.size() > 50 && packages.size() > 10, "the page has lost its names");
        Set<String> sources = sources();
        classes.removeAll(NO_CLASSES);
        classes.removeIf(
                name -> sources.stream().anyMatch(file -> file.endsWith("/" + name + ".java")));
        packages.removeIf(
                name ->
                        sources.stream()
                                .anyMatch(file -> file.contains("/ligature/" + name + "/")));
        assertEquals(Set.of(), classes, "classes that do not exist");
        assertEquals(Set.of(), packages, "packages that do not exist");
    }

    private static Set<String> sources() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.map(file -> file.toString().replace('\\', '/'))
                    .filter(file -> file.contains("/src/main/java/") && file.endsWith(".java"))
                    .collect(Collectors.toSet());
        }
    }
}

package dev.ligature.internal.diag;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every error at run time has a test that provokes it, and an entry in runtime-errors.md. */
class RuntimeErrorsTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern HEADING = Pattern.compile("(?m)^### (\\w+)$");
    private static final Pattern EXAMPLES = Pattern.compile("(?s)```text\\n(.*?)```");

    private static final Pattern NO_WORD = Pattern.compile("\\W+");

    /** The heading of the part of the page that is about the models. */
    private static final String OF_MODELS = "\n## The models\n";

    private static final Map<Part, List<ErrorSite>> SITES = new EnumMap<>(Part.class);

    static {
        for (Part part : Part.values()) {
            SITES.put(part, ErrorSite.in(part.directory().resolve("src/main/java")));
        }
    }

    /** The modules whose errors the page has. */
    enum Part {
        RUNTIME,
        MODELS;

        Path directory() {
            return ROOT.resolve(name().toLowerCase(Locale.ROOT));
        }

        private List<ErrorSite> sites() {
            return Objects.requireNonNull(SITES.get(this));
        }

        Set<String> codes() {
            return sites().stream()
                    .flatMap(site -> site.codes().stream())
                    .collect(Collectors.toCollection(TreeSet::new));
        }

        List<ErrorSite> sites(String code) {
            return sites().stream().filter(site -> site.codes().contains(code)).toList();
        }

        /** Returns the text of the page that is about this module. */
        String page() {
            String page = ErrorSite.read(ROOT.resolve("docs/runtime-errors.md"));
            int border = page.indexOf(OF_MODELS);
            return this == RUNTIME ? page.substring(0, border) : page.substring(border);
        }

        String entry(String code) {
            Matcher heading = Pattern.compile("(?m)^### " + code + "$").matcher(page());
            assertTrue(heading.find(), code);
            String rest = page().substring(heading.end());
            Matcher next = Pattern.compile("(?m)^##").matcher(rest);
            return next.find() ? rest.substring(0, next.start()) : rest;
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyCodeHasAnEntry_andNothingElseHas(Part part) {
        List<String> documented =
                HEADING.matcher(part.page()).results().map(found -> found.group(1)).toList();
        assertEquals(part.codes(), new TreeSet<>(documented));
        assertEquals(part.codes().size(), documented.size(), "an entry is there twice");
    }

    @ParameterizedTest
    @EnumSource
    void everyCodeIsAssertedByATest(Part part) {
        Set<String> words =
                Stream.of(Part.values())
                        .map(module -> module.directory().resolve("src/test/java"))
                        .flatMap(directory -> ErrorSite.sources(directory).stream())
                        .flatMap(file -> ErrorSite.read(file).lines())
                        .flatMap(line -> ErrorSite.literals(line).stream())
                        .flatMap(NO_WORD::splitAsStream)
                        .collect(Collectors.toSet());
        Set<String> untested = part.codes();
        untested.removeAll(words);
        assertEquals(Set.of(), untested);
    }

    @ParameterizedTest
    @EnumSource
    void anEntryHasAMeaning_anExample_andARemedy(Part part) {
        for (String code : part.codes()) {
            String entry = part.entry(code);
            assertTrue(entry.strip().indexOf("\n```text") > 20, entry);
            assertTrue(
                    examples(entry).lines().allMatch(line -> line.startsWith("[" + code + "] ")),
                    entry);
            assertTrue(entry.contains("\n**Remedy.** "), entry);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anExampleHasTheWordsOfTheSources(Part part) {
        Set<String> stale = part.codes();
        stale.removeIf(
                code -> {
                    String examples = examples(part.entry(code));
                    return part.sites(code).stream()
                            .anyMatch(site -> examples.contains(site.text()));
                });
        assertEquals(Set.of(), stale);
    }

    private static String examples(String entry) {
        Matcher block = EXAMPLES.matcher(entry);
        assertTrue(block.find(), entry);
        return block.group(1);
    }

    @ParameterizedTest
    @EnumSource
    void warningsAreMarkedAsSuch(Part part) {
        for (String code : part.codes()) {
            boolean warning = part.sites(code).stream().anyMatch(ErrorSite::isWarning);
            assertEquals(warning, part.entry(code).contains("**Warning"), code);
        }
    }
}

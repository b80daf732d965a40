package dev.ligature.internal.diag;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every message of the runtime has a test that provokes it, and an entry in runtime-errors.md. */
class RuntimeErrorsTest {
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\\n]++|\\\\.)*)\"");
    private static final Pattern NO_WORD = Pattern.compile("\\W+");
    private static final Pattern VALUE = Pattern.compile("%\\d+\\$s");

    private final List<Message> messages = messages();
    private final ErrorPage page = ErrorPage.read();

    RuntimeErrorsTest() throws IOException, URISyntaxException {}

    /** Returns the constants of all catalogues, found among the classes of the runtime. */
    private static List<Message> messages() throws IOException, URISyntaxException {
        Path root =
                Path.of(Message.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<Message> messages = new ArrayList<>();
        for (Path file : files(root, "Message.class")) {
            String name = root.relativize(file).toString().replaceAll("[/\\\\]", ".");
            try {
                Object[] constants =
                        Class.forName(name.replaceAll("\\.class$", "")).getEnumConstants();
                if (constants != null) {
                    Stream.of(constants).map(Message.class::cast).forEach(messages::add);
                }
            } catch (ClassNotFoundException e) {
                throw new AssertionError(e);
            }
        }
        return messages;
    }

    private static List<Path> files(Path directory, String end) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(end)).toList();
        }
    }

    private Set<String> codes() {
        return messages.stream().map(Message::code).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void allCataloguesAreFound() {
        assertTrue(messages.size() > 150, "" + messages.size());
        assertTrue(
                codes().containsAll(List.of("LoraRank", "LoraStoreFull", "LoraNothingTargeted")));
    }

    @Test
    void everyCodeHasAnEntry_andNothingElseHas() {
        assertEquals(codes(), new TreeSet<>(page.codes()));
        assertEquals(codes().size(), page.codes().size(), "an entry is there twice");
    }

    @Test
    void everyCodeIsAssertedByATest() throws IOException {
        Set<String> untested = codes();
        for (String module : List.of("runtime", "pytorch", "models")) {
            for (Path file : files(Path.of("..", module, "src/test/java"), ".java")) {
                LITERAL.matcher(Files.readString(file))
                        .results()
                        .flatMap(literal -> NO_WORD.splitAsStream(literal.group(1)))
                        .forEach(untested::remove);
            }
        }
        assertEquals(Set.of(), untested);
    }

    @Test
    void anEntryHasAMeaning_anExample_andARemedy() {
        for (String code : codes()) {
            String entry = page.entry(code);
            assertTrue(entry.strip().indexOf("\n```text") > 20, entry);
            assertTrue(
                    page.examples(code).lines().allMatch(l -> l.startsWith("[" + code + "] ")),
                    entry);
            assertTrue(entry.contains("\n**Remedy.** "), entry);
        }
    }

    @Test
    void anExampleHasTheWordsOfTheMessage() {
        Set<String> stale = codes();
        messages.stream()
                .filter(message -> page.examples(message.code()).contains(words(message)))
                .forEach(message -> stale.remove(message.code()));
        assertEquals(Set.of(), stale);
    }

    /** Returns the longest text of a message that is the same whatever its values. */
    private static String words(Message message) {
        return VALUE.splitAsStream(message.pattern())
                .max(Comparator.comparingInt(String::length))
                .orElse("");
    }
}

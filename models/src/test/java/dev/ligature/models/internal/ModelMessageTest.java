package dev.ligature.models.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every message of the models has an entry in runtime-errors.md and a test that provokes it. */
final class ModelMessageTest {
    private static final Pattern HEADING = Pattern.compile("(?m)^### (\\w+)$");
    private static final Pattern VALUE = Pattern.compile("%\\d+\\$s");

    private final String page =
            Files.readString(Path.of("../docs/runtime-errors.md"))
                    .split("\n## The models\n", 2)[1]
                    .split("\n## ", 2)[0];

    ModelMessageTest() throws IOException {}

    @Test
    void everyCodeHasAnEntry_andNothingElseHas() {
        List<String> entries =
                HEADING.matcher(page).results().map(entry -> entry.group(1)).toList();
        assertEquals(
                Arrays.stream(ModelMessage.values())
                        .map(ModelMessage::code)
                        .collect(Collectors.toCollection(TreeSet::new)),
                new TreeSet<>(entries));
        assertEquals(Set.copyOf(entries).size(), entries.size(), "an entry is there twice");
    }

    @ParameterizedTest
    @EnumSource
    void anEntry_hasAnExampleInTheWordsOfOneMessage_andARemedy(ModelMessage message) {
        String entry = page.split("(?m)^### " + message.code() + "$", 2)[1].split("\n##", 2)[0];
        String examples = entry.split("```", 3)[1];
        assertTrue(examples.startsWith("text\n[" + message.code() + "] "), entry);
        assertTrue(
                Arrays.stream(ModelMessage.values())
                        .filter(other -> other.code().equals(message.code()))
                        .anyMatch(other -> examples.contains(words(other))),
                entry);
        assertTrue(entry.contains("\n**Remedy.** "), entry);
    }

    /** Returns the longest text of a message that is the same whatever its values. */
    private static String words(ModelMessage message) {
        return VALUE.splitAsStream(message.pattern())
                .max(Comparator.comparingInt(String::length))
                .orElse("");
    }

    @ParameterizedTest
    @EnumSource
    void everyCode_isAssertedByATest(ModelMessage message) throws IOException {
        Pattern code = Pattern.compile("\"[^\"\n]*\\b" + message.code() + "\\b");
        try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
            assertTrue(
                    files.filter(file -> file.toString().endsWith(".java"))
                            .anyMatch(file -> code.matcher(read(file)).find()));
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

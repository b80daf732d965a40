package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

final class OperatorMessageTest {
    private static final Pattern VALUE = Pattern.compile("%\\d+\\$[.\\d]*[sfe]");

    /** What the log says of a choice in which nothing is wrong needs no entry. */
    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"ONEDNN", "SLOWER", "DECODING", "PLAIN", "PACKING"})
    void everyErrorAndWarning_hasAnEntryInItsWords(OperatorMessage message) throws IOException {
        String page = Files.readString(Path.of("../docs/runtime-errors.md"));
        String entry = page.split("(?m)^### " + message.code() + "$", 2)[1].split("\n##", 2)[0];
        String words =
                VALUE.splitAsStream(message.pattern())
                        .max(Comparator.comparingInt(String::length))
                        .orElse("");
        assertTrue(entry.contains("\n[" + message.code() + "] "), entry);
        assertTrue(entry.contains(words), words + " in " + entry);
        assertTrue(entry.contains("\n**Remedy.** "), entry);
    }
}

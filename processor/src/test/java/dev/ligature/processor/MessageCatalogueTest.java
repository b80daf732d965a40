package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.processor.diag.Message;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every message has a test that provokes it, and an entry in {@code docs/errors.md}. */
class MessageCatalogueTest {
    private static final Pattern HEADING = Pattern.compile("(?m)^### (Lora\\w+)$");
    private static final Path ERRORS = Path.of("..", "docs", "errors.md");

    /** The part of the page that is about the processor. */
    private static final String PART = "## When compiling";

    @Test
    void everyMessageIsProvokedByATest() {
        Set<String> provoked = new TreeSet<>();
        for (TestCase testCase : TestCase.in("errors")) {
            for (String mark : ErrorTest.marks(testCase, true)) {
                provoked.add(mark.substring(mark.indexOf(' ') + 1));
            }
        }
        for (Class<?> tests :
                List.of(
                        LoraProcessorTest.class,
                        RoundsTest.class,
                        OptionsTest.class,
                        ModulesTest.class)) {
            for (Method test : tests.getDeclaredMethods()) {
                Covers covers = test.getAnnotation(Covers.class);
                if (covers != null) {
                    Arrays.stream(covers.value()).map(Message::code).forEach(provoked::add);
                }
            }
        }
        assertEquals(codes(), provoked);
    }

    @Test
    void everyMessageHasAnEntryInTheDocs_andNothingElseHas() {
        Set<String> documented =
                HEADING.matcher(part())
                        .results()
                        .map(found -> found.group(1))
                        .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(codes(), documented);
    }

    @ParameterizedTest
    @EnumSource
    void anEntryHasCauseExampleAndRemedy(Message message) {
        String entry = entry(message.code());
        assertTrue(entry.contains("```java") || entry.contains("```xml"), entry);
        assertTrue(entry.contains("\n**Remedy.** "), entry);
        assertTrue(entry.strip().split("\n", 2)[0].length() > 40, entry);
        assertEquals(message.isWarning(), entry.contains("@SuppressWarnings"), entry);
    }

    private static String entry(String code) {
        Matcher heading = Pattern.compile("(?m)^### " + code + "$").matcher(part());
        assertTrue(heading.find(), code);
        String rest = part().substring(heading.end());
        Matcher next = Pattern.compile("(?m)^##").matcher(rest);
        return next.find() ? rest.substring(0, next.start()) : rest;
    }

    private static String part() {
        String page = TestCase.text(ERRORS);
        int start = page.indexOf(PART);
        int end = page.indexOf("\n## ", start + PART.length());
        return page.substring(start, end < 0 ? page.length() : end);
    }

    private static Set<String> codes() {
        return Arrays.stream(Message.values())
                .map(Message::code)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}

package dev.ligature.server.internal.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What can be said of the page without a browser. */
final class PageFileTest {
    private static final Pattern CONTROL =
            Pattern.compile("<(?:input|textarea|select)\\b[^>]*\\bid=\"([^\"]+)\"");
    private static final Pattern LABEL = Pattern.compile("<label\\b[^>]*\\bfor=\"([^\"]+)\"");

    private static String text(String path) {
        return PageFile.all().stream()
                .filter(file -> file.path().equals(path))
                .map(PageFile::text)
                .findFirst()
                .orElseThrow();
    }

    private static Set<String> found(Pattern pattern, String text) {
        Set<String> found = new HashSet<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    @Test
    void eachControl_hasALabel() {
        Set<String> controls = found(CONTROL, text("/"));
        assertTrue(controls.size() >= 6, controls::toString);
        controls.removeAll(found(LABEL, text("/")));
        assertEquals(Set.of(), controls);
    }

    @Test
    void nothing_isKeptInTheBrowser() {
        for (String keeper :
                List.of("localStorage", "sessionStorage", "indexedDB", "document.cookie")) {
            assertFalse(text("/page.js").contains(keeper), keeper);
        }
    }
}

package dev.ligature.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a name, an option or a text says, it is text on the page. */
final class EscapesTest {
    private static final String EVIL = "<script>alert('1')</script>\"><img src=x onerror=alert(2)>";

    @TempDir Path folder;

    @Test
    void markupInNamesAndTexts_staysText() throws IOException {
        Files.writeString(folder.resolve(RunFiles.METRICS), "step,loss," + EVIL + "\n1,2,3\n");
        String html = Pages.of(EVIL).html(folder);
        assertFalse(html.contains("<script"), html);
        assertFalse(html.contains("<img"), html);
        assertFalse(html.contains("\u0000"), html);
        assertTrue(
                html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&gt;"), html);
        assertEquals(1, html.split("Content-Security-Policy", -1).length - 1);
    }
}

package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

final class ScriptArchiveTest {
    @Test
    void oneText_givesOneArchive_withTheTextAsItIs() throws IOException {
        String text = Script.text("operators") + Script.text("product-onednn");
        byte[] archive = ScriptArchive.of("Operators", text);
        assertArrayEquals(archive, ScriptArchive.of("Operators", text));
        Map<String, String> entries = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(archive))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                assertEquals(ZipEntry.STORED, entry.getMethod());
                entries.put(
                        entry.getName(), new String(zip.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        assertEquals(
                List.of(
                        "operators/data.pkl",
                        "operators/code/__torch__.py",
                        "operators/constants.pkl",
                        "operators/version"),
                List.copyOf(entries.keySet()));
        assertEquals(text, entries.get("operators/code/__torch__.py"));
    }
}

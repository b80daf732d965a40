package dev.ligature.server.internal.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/**
 * A file of the page.
 *
 * @param path where it is found
 * @param type its content type
 * @param text what is in it
 */
public record PageFile(String path, String type, String text) {
    /**
     * What a browser lets the page do: it uses files and answers of its own server, and no other
     * page may show it.
     */
    public static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src"
                    + " data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** Reads all files. */
    public static List<PageFile> all() {
        return List.of(
                read("/", "index.html", "text/html"),
                read("/page.css", "page.css", "text/css"),
                read("/page.js", "page.js", "text/javascript"));
    }

    private static PageFile read(String path, String name, String type) {
        try (InputStream file = PageFile.class.getResourceAsStream(name)) {
            byte[] bytes = Objects.requireNonNull(file, name).readAllBytes();
            String text = new String(bytes, StandardCharsets.UTF_8);
            return new PageFile(path, type + "; charset=utf-8", text);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // of the jar that this class is in
        }
    }
}

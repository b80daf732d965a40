package dev.ligature.store.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is asked of a server of files, and what its answers mean. */
final class HttpAdaptersTest {
    // By: printf abc | sha256sum
    private static final String ABC =
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir Path root;
    private FileServer server;

    @BeforeEach
    void open() throws IOException {
        server = new FileServer(root);
    }

    @AfterEach
    void close() {
        server.close();
    }

    private void put(String name, String file, String text) throws IOException {
        Files.createDirectories(root.resolve(name));
        Files.writeString(root.resolve(name).resolve(file), text);
    }

    @Test
    void aManifest_isWhatSha256sumWrites() throws IOException {
        put("a", "adapter_config.json", "abc");
        put("a", "AdapterManifest is not one of it", "abc");
        put("a", "SHA256SUMS", "old");
        put("a", ".hidden", "abc");
        AdapterManifest manifest = AdapterManifest.of(root.resolve("a"));
        String text =
                ABC + "  AdapterManifest is not one of it\n" + ABC + "  adapter_config.json\n";
        assertEquals(text, manifest.text());
        assertEquals(manifest, AdapterManifest.parse(text, "here"));
        assertEquals(
                manifest,
                AdapterManifest.parse(
                        text.replace("  ", " *").replace("\n", "\r\n\n").replace(ABC, upper()),
                        "here"));
    }

    private static String upper() {
        return ABC.toUpperCase(Locale.ROOT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "abc  adapter_config.json",
                ABC + " adapter_config.json",
                ABC + "  ../adapter_config.json",
                ABC + "  /etc/passwd",
                ABC + "  a\\b",
                ABC + "  ..",
                ABC + "  SHA256SUMS",
                "<html>",
                ABC + "  adapter_config.json\n" + ABC + "  adapter_config.json",
                ABC + "  adapter_model.safetensors",
                ""
            })
    void aWrongManifest_isRefused(String text) {
        CheckpointException error =
                assertThrows(
                        CheckpointException.class, () -> AdapterManifest.parse(text, "the origin"));
        assertEquals("SourceManifest", error.code());
        assertTrue(error.getMessage().contains("the origin"), error.getMessage());
    }

    @Test
    void whatIsThere_isRead_withTheHeadersOfTheApplication() throws IOException {
        put("a", "adapter_config.json", "abc");
        put("a", "two words+%.txt", "abc");
        server.publish("a");
        List<String> keys = new CopyOnWriteArrayList<>();
        server.answer(
                "index.txt",
                (exchange, file) -> {
                    keys.add(exchange.getRequestHeaders().getFirst("authorization"));
                    FileServer.text("a\r\n\n  b.c-1 \n").to(exchange, file);
                });
        HttpAdapters remote =
                HttpAdapters.of(
                        URI.create(server.address() + "/"),
                        HttpClient.newHttpClient(),
                        Map.of("authorization", "Bearer x"));
        assertEquals(Set.of("a", "b.c-1"), remote.names());
        assertEquals(List.of("Bearer x"), keys);
        assertEquals(server.address().toString(), remote.toString());
        AdapterManifest manifest = remote.manifest("a").orElseThrow();
        assertEquals(Map.of("adapter_config.json", ABC, "two words+%.txt", ABC), manifest.sha256());
        try (InputStream in = remote.open("a", "two words+%.txt")) {
            assertEquals('a', in.read());
            assertEquals("bc", new String(in.readAllBytes(), StandardCharsets.UTF_8));
            assertEquals(-1, in.read());
        }
        assertEquals(Optional.empty(), remote.manifest("none"));
        assertThrows(FileNotFoundException.class, () -> remote.open("a", "none"));
    }

    @Test
    void whatTheServerKnowsByATag_isSentOnce() throws IOException {
        put("a", "adapter_config.json", "abc");
        server.publish("a");
        HttpAdapters remote = HttpAdapters.of(server.address());
        AdapterManifest first = remote.manifest("a").orElseThrow();
        assertEquals(first, remote.manifest("a").orElseThrow());
        put("a", "adapter_config.json", "abcd");
        server.publish("a");
        AdapterManifest second = remote.manifest("a").orElseThrow();
        assertEquals(AdapterManifest.of(root.resolve("a")), second);
        assertEquals(
                List.of("a/SHA256SUMS 200", "a/SHA256SUMS 304", "a/SHA256SUMS 200"), server.log);
    }

    @Test
    void withoutAnIndex_noNamesAreKnown_andAWrongOneIsAnError() throws IOException {
        HttpAdapters remote = HttpAdapters.of(server.address());
        assertEquals(Set.of(), remote.names());
        server.answer("index.txt", FileServer.text("fine\n../etc\n"));
        CheckpointException error = assertThrows(CheckpointException.class, remote::names);
        assertEquals("SourceManifest", error.code());
        assertTrue(error.getMessage().contains("Line 2 of " + server.address()), "" + error);
        server.answer("a/SHA256SUMS", FileServer.text("x".repeat((1 << 20) + 1)));
        assertEquals(
                "SourceManifest",
                assertThrows(CheckpointException.class, () -> remote.manifest("a")).code());
    }

    @Test
    void nobodyThere_isUnavailable() throws IOException {
        URI nowhere = server.address();
        server.close();
        CheckpointException error =
                assertThrows(CheckpointException.class, () -> HttpAdapters.of(nowhere).names());
        assertEquals("SourceUnavailable", error.code());
        assertTrue(error.getMessage().contains(nowhere.toString()), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ftp://host/a",
                "file:///tmp",
                "adapters",
                "http:/a",
                "https://host/a?b",
                "https://host/a#b",
                "https://user:secret@host/a"
            })
    void anotherAddress_isRefused_withoutItsPassword(String address) {
        LoraException error =
                assertThrows(LoraException.class, () -> HttpAdapters.of(URI.create(address)));
        assertEquals("SourceAddress", error.code());
        assertTrue(!error.getMessage().contains("secret"), error.getMessage());
    }
}

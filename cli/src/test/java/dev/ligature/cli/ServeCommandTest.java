package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.PretrainedModel;
import dev.ligature.store.remote.AdapterManifest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

final class ServeCommandTest {
    private static final Path MODEL = Path.of("..", "examples", "demo", "base");
    private static final Pattern URL = Pattern.compile("at (http://127\\.0\\.0\\.1:\\d+)");

    @TempDir Path adapters;
    @TempDir Path streams;

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals to send")
    @Test
    void sigterm_letsRequestsUnderWayFinish_andEndsWithExitCodeZero() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        ChildProcess server =
                ChildProcess.start(
                        streams, "serve", "--model", MODEL, "--adapters", adapters, "--port", 0);
        server.await(() -> !url().isEmpty());
        String url = url();
        HttpResponse<String> first = client.send(request(url, 2, false), BodyHandlers.ofString());
        assertEquals(200, first.statusCode(), first.body());
        assertTrue(first.body().contains("\"completion_tokens\":2"), first.body());

        // Its first events are there when the signal comes, and the rest is not.
        HttpResponse<Stream<String>> running =
                client.send(request(url, 200, true), BodyHandlers.ofLines());
        server.signal("TERM");
        String events = String.join("\n", running.body().toList());
        assertTrue(events.endsWith("data: [DONE]\n"), events);
        assertTrue(events.contains("\"finish_reason\":\"length\""), events);

        CliRun run = server.end();
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("Serving base and 0 adapters at " + url + "\n", run.out());
        assertTrue(run.err().contains("Stopping: requests under way finish first."), run.err());
        CompletableFuture<HttpResponse<String>> late =
                client.sendAsync(request(url, 1, false), BodyHandlers.ofString());
        assertTrue(
                assertThrows(Exception.class, late::join).getCause() instanceof ConnectException);
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals to send")
    @Test
    void adaptersBehindHttp_areFetchedWhenTheyAreAskedFor(@TempDir Path remote, @TempDir Path cache)
            throws Exception {
        Path adapter = Files.createDirectory(remote.resolve("far"));
        try (PretrainedModel model = PretrainedModel.load(MODEL)) {
            LoraConfig config = LoraConfig.builder().setTargetModules("q_proj").build();
            model.lora().create("far", config);
            model.lora().save("far", adapter.resolve("saved"));
        }
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.move(adapter.resolve("saved").resolve(file), adapter.resolve(file));
        }
        Files.writeString(adapter.resolve("SHA256SUMS"), AdapterManifest.of(adapter).text());
        Files.writeString(remote.resolve("index.txt"), "far\n");
        Path token = Files.writeString(streams.resolve("token"), "secret\n");
        HttpServer files =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        files.createContext("/", exchange -> answer(exchange, remote));
        files.start();
        ChildProcess server =
                ChildProcess.start(
                        streams,
                        "serve",
                        "--model",
                        MODEL,
                        "--adapter-source",
                        "http://127.0.0.1:" + files.getAddress().getPort(),
                        "--adapter-source-token",
                        token,
                        "--adapter-cache",
                        cache,
                        "--port",
                        0);
        try {
            server.await(() -> !url().isEmpty());
            HttpClient client = HttpClient.newHttpClient();
            HttpResponse<String> far =
                    client.send(request(url(), "far", 2, false), BodyHandlers.ofString());
            assertEquals(200, far.statusCode(), far.body());
            Files.writeString(adapter.resolve("adapter_model.safetensors"), "damaged");
            Files.writeString(
                    adapter.resolve("SHA256SUMS"),
                    AdapterManifest.of(adapter).text().replaceAll("(?m)^.{8}", "00000000"));
            HttpResponse<String> wrong = far;
            for (int i = 0; i < 100 && wrong.statusCode() == 200; i++) {
                Thread.sleep(200); // until it is asked again whether the adapter has changed
                wrong = client.send(request(url(), "far", 1, false), BodyHandlers.ofString());
            }
            assertEquals(503, wrong.statusCode(), wrong.body());
            assertTrue(wrong.body().contains("model_unavailable"), wrong.body());
            assertTrue(wrong.body().contains("[SourceDigest]"), wrong.body());
        } finally {
            server.signal("TERM");
            files.stop(0);
        }
        CliRun run = server.end();
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().startsWith("Serving base and 1 adapter at "), run.out());
        assertTrue(!run.err().contains("secret"), run.err());
    }

    private static void answer(HttpExchange exchange, Path root) throws IOException {
        try (exchange) {
            Path file = root.resolve(exchange.getRequestURI().getPath().substring(1));
            String key = exchange.getRequestHeaders().getFirst("authorization");
            boolean isThere = Files.isRegularFile(file) && "Bearer secret".equals(key);
            exchange.sendResponseHeaders(isThere ? 200 : 404, isThere ? Files.size(file) : -1);
            if (isThere) {
                Files.copy(file, exchange.getResponseBody());
            }
        }
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals to send")
    @Test
    void anAdapterOfAnotherTask_isNotServed_withTheReasonInAnswerAndLog() throws Exception {
        Path adapter = Files.createDirectory(adapters.resolve("classifier"));
        Path encoders = Path.of("..", "models", "src", "test", "resources", "encoders");
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.copy(encoders.resolve("bert-sequence/adapter/" + file), adapter.resolve(file));
        }
        ChildProcess server =
                ChildProcess.start(
                        streams, "serve", "--model", MODEL, "--adapters", adapters, "--port", 0);
        server.await(() -> !url().isEmpty());
        HttpResponse<String> refused =
                HttpClient.newHttpClient()
                        .send(request(url(), "classifier", 2, false), BodyHandlers.ofString());
        assertEquals(500, refused.statusCode(), refused.body());
        assertTrue(refused.body().contains("[AdapterTask]"), refused.body());
        server.signal("TERM");
        CliRun run = server.end();
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(
                run.err().contains("has the task_type SEQ_CLS, but the model is a causal language"),
                run.err());
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals to send")
    @Test
    void clientsThatBeginBodiesAndStop_leaveTheServerAlive_andItStops() throws Exception {
        ChildProcess server =
                ChildProcess.start(
                        streams,
                        "-Xmx96m",
                        "serve",
                        "--model",
                        MODEL,
                        "--adapters",
                        adapters,
                        "--port",
                        0);
        server.await(() -> !url().isEmpty());
        int port = URI.create(url()).getPort();
        byte[] begun = (head(1 << 20) + "x".repeat(1_000_000)).getBytes(StandardCharsets.UTF_8);
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < 250; i++) {
            Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
            clients.add(client);
            try {
                client.getOutputStream().write(begun);
            } catch (IOException cutOff) {
                // There is no memory for its body.
            }
        }
        HttpRequest health = HttpRequest.newBuilder(URI.create(url() + "/health")).build();
        assertEquals(
                200, HttpClient.newHttpClient().send(health, BodyHandlers.ofString()).statusCode());
        server.signal("TERM");
        assertEquals(0, server.end().exitCode());
        for (Socket client : clients) {
            client.close();
        }
    }

    @Test
    void aFullHeap_endsTheProcessWithAMessage() throws Exception {
        ChildProcess server =
                ChildProcess.start(
                        streams,
                        "-Xmx64m",
                        "serve",
                        "--model",
                        MODEL,
                        "--adapters",
                        adapters,
                        "--port",
                        0,
                        "--max-body",
                        1 << 30);
        server.await(() -> !url().isEmpty());
        int port = URI.create(url()).getPort();
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            OutputStream out = client.getOutputStream();
            out.write(head(900_000_000).getBytes(StandardCharsets.UTF_8));
            byte[] piece = new byte[1 << 20];
            for (int i = 0; i < 800; i++) {
                out.write(piece);
            }
        } catch (IOException ended) {
            // As it should.
        }
        CliRun run = server.end();
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().contains("not enough memory"), run.err());
    }

    private static String head(int bytes) {
        return String.join(
                "\r\n",
                "POST /v1/completions HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                "Content-Length: " + bytes,
                "",
                "");
    }

    private String url() {
        try {
            Matcher found = URL.matcher(Files.readString(streams.resolve("out.txt")));
            return found.find() ? found.group(1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static HttpRequest request(String url, int tokens, boolean stream) {
        return request(url, "base", tokens, stream);
    }

    private static HttpRequest request(String url, String model, int tokens, boolean stream) {
        String body =
                "{\"model\":\""
                        + model
                        + "\",\"prompt\":\"public\",\"temperature\":0,\"max_tokens\":"
                        + tokens
                        + ",\"stream\":"
                        + stream
                        + "}";
        return HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                .header("content-type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    @Test
    void aDirectoryWithoutAdapters_orNoDirectory_isSaid() {
        serve("--adapters", adapters.resolve("none"))
                .refused("[LoraStoreDirectory]", "does not exist");
    }

    @Test
    void optionsOutOfRange_areNamed() {
        serve("--adapters", adapters, "--port", 70_000).refused("--port is 70000", "0 to 65535");
        serve("--adapters", adapters, "--max-batch", 0).refused("--max-batch is 0");
        serve("--adapters", adapters, "--max-waiting", -1).refused("--max-waiting is -1");
        serve("--adapters", adapters, "--max-tokens", 0).refused("--max-tokens is 0");
        serve("--adapters", adapters, "--max-body", 0).refused("--max-body is 0");
        serve("--adapters", adapters, "--request-timeout", 0).refused("--request-timeout is 0");
        serve("--adapters", adapters, "--shutdown-timeout", -1).refused("--shutdown-timeout is -1");
        serve("--adapters", adapters, "--max-connections", 0).refused("--max-connections is 0");
        serve("--adapters", adapters, "--metrics-adapters", -1).refused("--metrics-adapters is -1");
        serve("--adapters", adapters, "--pin", "none").refused("[LoraStoreUnknown]", "none");
        serve("--adapters", adapters, "--tls-cert", "x").refused("--tls-cert and --tls-key");
        serve("--adapters", adapters, "--api-keys", adapters.resolve("none"))
                .refused("none does not exist");
        serve("--adapters", adapters, "--adapter-memory", 0).refused("--adapter-memory is 0");
    }

    @Test
    void optionsOfAdaptersElsewhere_goTogether() throws IOException {
        String source = "http://127.0.0.1:1/adapters";
        serve().refused("--adapters", "--adapter-source", "Give one of them");
        serve("--adapters", adapters, "--adapter-source", source).refused("Give one of them");
        for (String option :
                List.of(
                        "--adapter-cache",
                        "--adapter-cache-size",
                        "--adapter-recheck",
                        "--adapter-fetch-timeout",
                        "--adapter-source-token")) {
            serve("--adapters", adapters, option, "10")
                    .refused(option + " is for an --adapter-source", "Leave it out");
        }
        serve("--adapter-source", source).refused("--adapter-cache");
        serve("--adapter-source", "ftp://x/y", "--adapter-cache", adapters)
                .refused("[SourceAddress]", "ftp://x/y");
        serve("--adapter-source", source, "--adapter-cache", adapters)
                .refused("[SourceUnavailable]", source);
        serve("--adapter-source", source, "--adapter-cache", adapters, "--adapter-recheck", -1)
                .refused("--adapter-recheck is -1");
        serve("--adapter-source", source, "--adapter-cache", adapters, "--adapter-fetch-timeout", 0)
                .refused("--adapter-fetch-timeout is 0");
        serve("--adapter-source", source, "--adapter-cache", adapters, "--adapter-cache-size", 0)
                .refused("--adapter-cache-size is 0");
        Path token = Files.writeString(streams.resolve("token"), "two words");
        serve(
                        "--adapter-source",
                        source,
                        "--adapter-cache",
                        adapters,
                        "--adapter-source-token",
                        token)
                .refused("does not have one token");
    }

    @Test
    void aBaseNamedLikeAnAdapter_isRefused() throws IOException {
        Path folder = Files.createDirectory(adapters.resolve("base"));
        Files.writeString(folder.resolve("adapter_config.json"), "{}");
        serve("--adapters", adapters).refused("both called base", "--base-name");
        serve("--adapters", adapters, "--base-name", "a/b").refused("'a/b'", "--base-name");
    }

    @Test
    void aPortInUse_isOneLine() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            serve("--adapters", adapters, "--port", taken.getLocalPort())
                    .refused("cannot listen on 127.0.0.1:" + taken.getLocalPort());
        }
    }

    private static CliRun serve(Object... more) {
        return CliRun.of(
                Stream.concat(Stream.of("serve", "--model", MODEL), Stream.of(more)).toArray());
    }
}

package dev.ligature.store.remote;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server of files on the loopback address, which can be told to do something else. */
final class FileServer implements AutoCloseable {
    private final Path root;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Answer> instead = new ConcurrentHashMap<>();

    /** The paths that were asked for, each with the status of the answer where a file was sent. */
    final List<String> log = new CopyOnWriteArrayList<>();

    /** Answers a request. */
    interface Answer {
        void to(HttpExchange exchange, Path file) throws IOException;
    }

    FileServer(Path root) throws IOException {
        this.root = root;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/adapters");
    }

    /** Answers requests for a path in another way; null ends that. */
    void answer(String path, Answer answer) {
        if (answer == null) {
            instead.remove(path);
        } else {
            instead.put(path, answer);
        }
    }

    /** Returns how often a path was asked for. */
    long count(String path) {
        return log.stream().filter(line -> line.startsWith(path + " ")).count();
    }

    /** Writes the manifest of a folder, and the index of all. */
    void publish(String name) throws IOException {
        Path folder = root.resolve(name);
        Files.writeString(
                folder.resolve(AdapterManifest.FILE_NAME), AdapterManifest.of(folder).text());
        try (var list = Files.list(root)) {
            Files.write(
                    root.resolve("index.txt"),
                    list.filter(Files::isDirectory).map(f -> f.getFileName().toString()).toList());
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().replaceFirst("^/adapters/", "");
        try (exchange) {
            Path file = root.resolve(path);
            Answer other = instead.get(path);
            if (other != null) {
                log.add(path + " instead");
                other.to(exchange, file);
            } else if (!Files.isRegularFile(file)) {
                log.add(path + " 404");
                exchange.sendResponseHeaders(404, -1);
            } else {
                send(exchange, file, path);
            }
        }
    }

    private void send(HttpExchange exchange, Path file, String path) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        String tag = '"' + Sha256.of(bytes).substring(0, 16) + '"';
        exchange.getResponseHeaders().set("ETag", tag);
        if (tag.equals(exchange.getRequestHeaders().getFirst("if-none-match"))) {
            log.add(path + " 304");
            exchange.sendResponseHeaders(304, -1);
            return;
        }
        log.add(path + " 200");
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /** An answer without a body. */
    static Answer status(int status) {
        return (exchange, file) -> exchange.sendResponseHeaders(status, -1);
    }

    /** An answer of another text. */
    static Answer text(String text) {
        return (exchange, file) -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}

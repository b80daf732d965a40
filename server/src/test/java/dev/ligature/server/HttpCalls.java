package dev.ligature.server;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Requests to a server on this machine.
 *
 * @param port where it listens
 */
public record HttpCalls(int port) {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return CLIENT.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
    }

    public HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return CLIENT.send(request, BodyHandlers.ofString());
    }

    HttpRequest.Builder post(String body) {
        return post("/v1/completions", body);
    }

    HttpRequest.Builder post(String path, String body) {
        return HttpRequest.newBuilder(uri(path))
                .timeout(Duration.ofMinutes(2))
                .header("content-type", "application/json")
                .POST(BodyPublishers.ofString(body));
    }

    public HttpResponse<String> complete(String body) throws IOException, InterruptedException {
        return send(post(body).build());
    }

    CompletableFuture<HttpResponse<String>> getLater(String path) {
        HttpRequest request = HttpRequest.newBuilder(uri(path)).build();
        return CLIENT.sendAsync(request, BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> completeLater(String body) {
        return CLIENT.sendAsync(post(body).build(), BodyHandlers.ofString());
    }

    public HttpResponse<String> chat(String body) throws IOException, InterruptedException {
        return send(post("/v1/chat/completions", body).build());
    }

    /** Returns the body of a greedy request. */
    public static String greedy(String model, String prompt, int tokens) {
        JsonObject body = new JsonObject();
        body.addProperty("model", model);
        body.addProperty("prompt", prompt);
        body.addProperty("max_tokens", tokens);
        body.addProperty("temperature", 0);
        return body.toString();
    }

    /** Returns the body of a greedy request whose answer comes as events. */
    static String streamed(String model, String prompt, int tokens) {
        JsonObject body = json(greedy(model, prompt, tokens));
        body.addProperty("stream", true);
        return body.toString();
    }

    public static JsonObject json(String text) {
        return JsonParser.parseString(text).getAsJsonObject();
    }

    /** Returns the text of a whole completion. */
    public static String text(String body) {
        return choice(json(body)).get("text").getAsString();
    }

    public static JsonObject choice(JsonObject body) {
        return body.getAsJsonArray("choices").get(0).getAsJsonObject();
    }

    public static JsonObject error(HttpResponse<String> response) {
        return json(response.body()).getAsJsonObject("error");
    }

    /** Returns the data of server-sent events. */
    public static List<String> events(String body) {
        List<String> events = new ArrayList<>();
        for (String event : body.split("\n\n", -1)) {
            if (!event.isEmpty()) {
                if (!event.startsWith("data: ") || event.contains("\n")) {
                    throw new AssertionError("no event: " + event);
                }
                events.add(event.substring("data: ".length()));
            }
        }
        return events;
    }
}

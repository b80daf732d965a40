package dev.ligature.cli.browser;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A tab of a browser, used as a person would, by the protocol of Chromium's developer tools. */
public final class Tab implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 60;

    private final HttpClient client = HttpClient.newHttpClient();
    private final Runnable end;
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonObject>> waiting = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> problems = new CopyOnWriteArrayList<>();
    private WebSocket socket;

    private Tab(Runnable end) {
        this.end = end;
    }

    static Tab connect(int port, Runnable end) throws Exception {
        Tab tab = new Tab(end);
        try {
            tab.attach(port);
            return tab;
        } catch (Exception | AssertionError e) {
            end.run();
            throw e;
        }
    }

    private void attach(int port) throws Exception {
        HttpRequest list =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list"))
                        .build();
        String address = "";
        for (JsonElement each :
                JsonParser.parseString(client.send(list, BodyHandlers.ofString()).body())
                        .getAsJsonArray()) {
            JsonObject target = each.getAsJsonObject();
            if (target.get("type").getAsString().equals("page")) {
                address = target.get("webSocketDebuggerUrl").getAsString();
            }
        }
        socket =
                client.newWebSocketBuilder()
                        .buildAsync(URI.create(address), new Listener())
                        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        for (String domain : List.of("Page", "Runtime", "Log", "Network", "Accessibility")) {
            send(domain + ".enable", "{}");
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean isLast) {
            text.append(data);
            if (isLast) {
                take(JsonParser.parseString(text.toString()).getAsJsonObject());
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void take(JsonObject message) {
        if (message.has("id")) {
            CompletableFuture<JsonObject> answer = waiting.remove(message.get("id").getAsInt());
            if (answer != null) {
                answer.complete(message);
            }
            return;
        }
        String method = message.get("method").getAsString();
        JsonObject params = message.getAsJsonObject("params");
        switch (method) {
            case "Network.requestWillBeSent" ->
                    requests.add(params.getAsJsonObject("request").get("url").getAsString());
            case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded" ->
                    problems.add(params.toString());
            default -> {}
        }
    }

    /** Calls a method of the protocol. */
    public JsonObject send(String method, String params) throws Exception {
        int id = ids.incrementAndGet();
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        String message =
                "{\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params + "}";
        socket.sendText(message, true).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        JsonObject reply = answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (reply.has("error")) {
            throw new AssertionError(method + ": " + reply);
        }
        return reply.getAsJsonObject("result");
    }

    /** Goes to an address. */
    public void go(String address) throws Exception {
        send("Page.navigate", "{\"url\":" + quoted(address) + "}");
        await("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /** Returns what an expression of JavaScript is, or what it promises. */
    public JsonElement value(String expression) throws Exception {
        JsonObject result =
                send(
                        "Runtime.evaluate",
                        "{\"awaitPromise\":true,\"returnByValue\":true,\"expression\":"
                                + quoted(expression)
                                + "}");
        if (result.has("exceptionDetails")) {
            throw new AssertionError(expression + ": " + result.get("exceptionDetails"));
        }
        JsonElement value = result.getAsJsonObject("result").get("value");
        return value == null ? JsonNull.INSTANCE : value;
    }

    /** Returns a text. */
    public String text(String expression) throws Exception {
        return value(expression).getAsString();
    }

    /** Waits until an expression is true. */
    public void await(String expression) throws Exception {
        long last = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!value("Boolean(" + expression + ")").getAsBoolean()) {
            if (System.nanoTime() > last) {
                throw new AssertionError("not in time: " + expression + "; " + problems);
            }
            Thread.sleep(30);
        }
    }

    /** Makes the window as wide as a phone, or a screen, light or dark. */
    public void look(int width, String scheme) throws Exception {
        send(
                "Emulation.setDeviceMetricsOverride",
                "{\"width\":"
                        + width
                        + ",\"height\":900,\"deviceScaleFactor\":1,\"mobile\":false}");
        send(
                "Emulation.setEmulatedMedia",
                "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\""
                        + scheme
                        + "\"}]}");
    }

    /** Types a text where the focus is. */
    public void type(String text) throws Exception {
        send("Input.insertText", "{\"text\":" + quoted(text) + "}");
    }

    /**
     * Presses a key.
     *
     * @param name such as Tab
     * @param code its number
     * @param modifiers 0; 2 with Ctrl; 8 with Shift
     */
    public void press(String name, int code, int modifiers) throws Exception {
        String text =
                name.equals("Enter")
                        ? ",\"text\":\"\\r\""
                        : name.equals(" ") ? ",\"text\":\" \"" : "";
        for (String type : List.of("keyDown", "keyUp")) {
            send(
                    "Input.dispatchKeyEvent",
                    "{\"type\":\""
                            + type
                            + "\",\"key\":"
                            + quoted(name)
                            + ",\"windowsVirtualKeyCode\":"
                            + code
                            + ",\"modifiers\":"
                            + modifiers
                            + (type.equals("keyDown") ? text : "")
                            + "}");
        }
    }

    /** Writes what is seen, the whole page. */
    public void screenshot(Path file) throws Exception {
        JsonObject shot = send("Page.captureScreenshot", "{\"captureBeyondViewport\":true}");
        Files.write(file, Base64.getDecoder().decode(shot.get("data").getAsString()));
    }

    /** Returns the addresses that were asked for. */
    public List<String> requests() {
        return requests;
    }

    /** Returns what the browser has complained about. */
    public List<String> problems() {
        return problems;
    }

    private static String quoted(String text) {
        return new JsonPrimitive(text).toString();
    }

    @Override
    public void close() {
        socket.abort();
        end.run();
    }
}

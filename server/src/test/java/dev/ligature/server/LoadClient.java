package dev.ligature.server;

import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.streamed;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/**
 * Loads a server from a process of its own: clients that behave, that read slowly, hang up, and
 * send what is wrong. Ends with exit code 1 if an answer is not what the same request gave alone,
 * or has not the status of its kind. A server that restarts meanwhile is waited for.
 */
final class LoadClient {
    private static final int TOKENS = 12;
    private static final List<String> PROMPTS =
            List.of("public", "int max(int a, int b) {", "/** Returns", "x");

    private final HttpCalls http;
    private final List<String> often = new ArrayList<>(List.of("base"));
    private final List<String> seldom = new ArrayList<>();
    private final Map<String, String> alone = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> counts = new ConcurrentSkipListMap<>();

    private LoadClient(int port, int further) {
        this.http = new HttpCalls(port);
        often.addAll(ServerFixture.ADAPTERS);
        for (int i = 0; i < further; i++) {
            seldom.add(further(i));
        }
    }

    /** Returns the name of an adapter besides those of the fixture; few requests are for these. */
    static String further(int number) {
        return "further" + number;
    }

    /**
     * Runs.
     *
     * @param args the port, the number of threads, the requests of each, the number of adapters
     *     besides those of the fixture, and the seed
     */
    public static void main(String[] args) throws Exception {
        LoadClient client = new LoadClient(Integer.parseInt(args[0]), Integer.parseInt(args[3]));
        client.run(Integer.parseInt(args[1]), Integer.parseInt(args[2]), Long.parseLong(args[4]));
        System.out.println("done: " + client.counts);
    }

    private void run(int threads, int requests, long seed) throws Exception {
        completeAlone(often);
        completeAlone(seldom);
        System.out.println("ready");
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Void>> running = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                Random random = new Random(seed + thread);
                Callable<Void> all =
                        () -> {
                            for (int i = 0; i < requests; i++) {
                                untilServed(random);
                            }
                            return null;
                        };
                running.add(pool.submit(all));
            }
            for (Future<Void> each : running) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private void completeAlone(List<String> models) throws IOException, InterruptedException {
        for (String model : models) {
            for (String prompt : PROMPTS) {
                String body = http.complete(greedy(model, prompt, TOKENS)).body();
                alone.put(model + prompt, HttpCalls.text(body));
            }
        }
    }

    /** Makes a request, again and again while the server is away. */
    private void untilServed(Random random) throws InterruptedException {
        List<String> models = random.nextInt(10) == 0 ? seldom : often;
        String model = models.get(random.nextInt(models.size()));
        String prompt = PROMPTS.get(random.nextInt(PROMPTS.size()));
        int kind = random.nextInt(14);
        while (true) {
            try {
                if (request(kind, model, prompt)) {
                    return;
                }
            } catch (IOException away) {
                count("no connection");
            }
            Thread.sleep(50);
        }
    }

    /** Returns whether the server answered as it must; false if it is about to stop. */
    private boolean request(int kind, String model, String prompt)
            throws IOException, InterruptedException {
        String expected = alone.get(model + prompt);
        return switch (kind) {
            case 0, 1, 2, 3 -> served(http.complete(greedy(model, prompt, TOKENS)), expected);
            case 4, 5 -> served(http.complete(streamed(model, prompt, TOKENS)), expected);
            case 6 -> slow(model, prompt, expected);
            case 7 -> {
                try (RawCall call = RawCall.open(http.port())) {
                    String line = call.post(streamed(model, prompt, 400)).line();
                    yield line != null && gone("hung up while it was answered");
                }
            }
            case 8 -> {
                try (RawCall call = RawCall.open(http.port())) {
                    call.post(greedy(model, prompt, 400));
                    yield gone("hung up before it was answered");
                }
            }
            case 9 -> {
                try (RawCall call = RawCall.open(http.port())) {
                    call.send("POST /v1/completions HTTP/1.1\r\nContent-Length: 99\r\n\r\n{");
                    yield gone("hung up in the middle of a request");
                }
            }
            case 10 -> refused(http.complete("{\"model\":\"base\",\"prompt\""), 400);
            case 11 -> refused(http.complete(greedy(model, "x".repeat(20_000), 1)), 413);
            case 12 -> refused(http.complete(greedy("nobody", prompt, 1)), 404);
            default -> refused(http.complete(greedy("../" + model, prompt, 1)), 400);
        };
    }

    private boolean gone(String what) {
        return count(what);
    }

    private boolean slow(String model, String prompt, String expected)
            throws IOException, InterruptedException {
        StringBuilder body = new StringBuilder();
        try (RawCall call = RawCall.open(http.port())) {
            call.post(streamed(model, prompt, TOKENS));
            String line = call.line();
            while (line != null && !line.equals("data: [DONE]")) {
                if (line.startsWith("data: ")) {
                    body.append(line).append("\n\n");
                }
                Thread.sleep(2);
                line = call.line();
            }
            if (line == null || body.indexOf("\"error\"") >= 0) {
                return false; // the server stopped
            }
        }
        check(joined(body.toString()), expected);
        return count("read slowly");
    }

    private boolean served(HttpResponse<String> response, String expected) {
        if (isStopping(response)) {
            return false;
        }
        if (response.statusCode() != 200) {
            throw new AssertionError(response.statusCode() + " " + response.body());
        }
        boolean events = response.body().startsWith("data: ");
        check(events ? joined(response.body()) : HttpCalls.text(response.body()), expected);
        return count(events ? "streamed" : "whole");
    }

    private static String joined(String body) {
        StringBuilder text = new StringBuilder();
        for (String event : HttpCalls.events(body)) {
            if (!event.equals("[DONE]")) {
                text.append(HttpCalls.text(event));
            }
        }
        return text.toString();
    }

    private static void check(String text, String expected) {
        if (!text.equals(expected)) {
            throw new AssertionError("'" + text + "' instead of '" + expected + "'");
        }
    }

    private boolean refused(HttpResponse<String> response, int status) {
        if (isStopping(response)) {
            return false;
        }
        if (response.statusCode() != status) {
            throw new AssertionError(
                    response.statusCode() + " instead of " + status + ": " + response.body());
        }
        return count(Integer.toString(status));
    }

    private boolean isStopping(HttpResponse<String> response) {
        boolean stopping = response.body().contains("\"code\":\"stopping\"");
        if (stopping) {
            count("told that it stops");
        }
        return stopping;
    }

    private boolean count(String what) {
        counts.computeIfAbsent(what, w -> new LongAdder()).increment();
        return true;
    }
}

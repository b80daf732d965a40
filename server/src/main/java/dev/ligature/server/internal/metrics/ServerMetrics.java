package dev.ligature.server.internal.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** What the server has done, counted and measured by Micrometer. Thread-safe. */
public final class ServerMetrics {
    /** The content type of {@link #text()}. */
    public static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    /** Upper ends of the buckets, in seconds. */
    private static final double[] BUCKETS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120
    };

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Counter aborted = counter("ligature.aborted", "Requests whose client went away.");
    private final Counter broken =
            counter(
                    "ligature.broken.streams",
                    "Streams that ended with an error after their status 200.");
    private final Counter promptTokens = counter("ligature.prompt.tokens", "Prompt tokens read.");
    private final Counter newTokens = counter("ligature.new.tokens", "Tokens made.");
    private final Counter steps = counter("ligature.steps", "Steps of the batch.");
    private final Counter stepRows = counter("ligature.step.rows", "Rows of all steps together.");
    private final Timer queue =
            timer("ligature.queue", "Time from a request to its place in the batch.");
    private final Timer firstToken =
            timer("ligature.time.to.first.token", "Time from a request to its first token.");
    private final Timer betweenTokens =
            timer("ligature.time.between.tokens", "Time from a token of a text to the next.");
    private final Timer request =
            timer("ligature.request", "Time from a request to the end of its answer.");
    private final BusiestAdapters adapters;
    private final List<Supplier<Number>> counted = new CopyOnWriteArrayList<>();

    /**
     * Creates metrics of a server that has done nothing.
     *
     * @param adapterLabels how many adapters have labels of their own; the rest share one
     */
    public ServerMetrics(int adapterLabels) {
        this.adapters = new BusiestAdapters(registry, adapterLabels);
    }

    private Counter counter(String name, String help) {
        return Counter.builder(name).description(help).register(registry);
    }

    private Timer timer(String name, String help) {
        return Timer.builder(name)
                .description(help)
                .serviceLevelObjectives(
                        DoubleStream.of(BUCKETS)
                                .mapToObj(seconds -> Duration.ofNanos((long) (seconds * 1e9)))
                                .toArray(Duration[]::new))
                .register(registry);
    }

    /**
     * Shows a number that goes up and down.
     *
     * @param name in Micrometer's form, with dots
     * @param help says what it is
     * @param value gives it
     */
    public void gauge(String name, String help, Supplier<Number> value) {
        Gauge.builder(name, value).description(help).register(registry);
    }

    /** Shows a number that somebody else counts and that goes up alone, as {@link #gauge}. */
    public void counter(String name, String help, Supplier<Number> value) {
        counted.add(value); // Micrometer alone would let it be collected
        FunctionCounter.builder(name, value, number -> number.get().doubleValue())
                .description(help)
                .register(registry);
    }

    /** Counts the answer to a request with a body, by its status. */
    public void response(int status) {
        Counter.builder("ligature.responses")
                .description("Requests with a body, by HTTP status.")
                .tag("status", Integer.toString(status))
                .register(registry)
                .increment();
    }

    /** Counts a request that nobody waited for. */
    public void aborted() {
        aborted.increment();
    }

    /** Counts a stream that ended with an error after its status. */
    public void brokenStream() {
        broken.increment();
    }

    /** Counts prompts that go through the model. */
    public void prompt(int tokens) {
        promptTokens.increment(tokens);
    }

    /** Counts a step of the batch, which goes once through the model with so many rows. */
    public void step(int rows) {
        steps.increment();
        stepRows.increment(rows);
    }

    /** Counts tokens of a completion that has ended, however it did. */
    public void ended(int tokens) {
        newTokens.increment(tokens);
    }

    /** Measures how long a part of a request waited for its place. */
    public void queued(Duration time) {
        queue.record(time);
    }

    /** Measures the time to the first token of a text, waiting included. */
    public void firstToken(Duration time) {
        firstToken.record(time);
    }

    /** Measures the time from a token of a text to the next. */
    public void nextToken(Duration time) {
        betweenTokens.record(time);
    }

    /**
     * Counts a request for a model that there is, when it has ended.
     *
     * @param adapter the name of the adapter, or that of the base
     * @param key the name of its key; null where there are none
     * @param prompt the tokens of its prompts
     * @param made those that were made
     * @param time how long it took
     */
    public void request(
            String adapter, @Nullable String key, long prompt, long made, Duration time) {
        request.record(time);
        adapters.count(adapter, prompt, made);
        if (key != null) {
            byKey("ligature.key.requests", "Requests by the name of their key.", key, 1);
            byKey(
                    "ligature.key.tokens",
                    "Tokens, of prompts too, by key.",
                    key,
                    (double) prompt + made);
        }
    }

    /** The names of keys are those of the file of keys, and so are as many. */
    private void byKey(String name, String help, String key, double count) {
        Counter.builder(name).description(help).tag("key", key).register(registry).increment(count);
    }

    /** Returns all numbers in Prometheus' text format. */
    public String text() {
        return registry.scrape();
    }
}

package dev.ligature.server;

import dev.ligature.store.StoreStatistics;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** What the server has done, counted, and written in the text format of Prometheus. */
final class ServerMetrics {
    private final Map<Integer, LongAdder> responses = new ConcurrentSkipListMap<>();
    private final LongAdder aborted = new LongAdder();
    private final LongAdder broken = new LongAdder();
    private final LongAdder promptTokens = new LongAdder();
    private final LongAdder newTokens = new LongAdder();
    private final LongAdder steps = new LongAdder();
    private final LongAdder stepRows = new LongAdder();

    /** Counts a response to a completion request by its status. */
    void response(int status) {
        responses.computeIfAbsent(status, s -> new LongAdder()).increment();
    }

    /** Counts a completion that nobody waited for. */
    void aborted() {
        aborted.increment();
    }

    /** Counts a stream that ended with an error after its status. */
    void brokenStream() {
        broken.increment();
    }

    /** Counts prompts that went through the model. */
    void prompt(int tokens) {
        promptTokens.add(tokens);
    }

    /** Counts a step of the batch, which makes a token for each row. */
    void step(int rows) {
        steps.increment();
        stepRows.add(rows);
    }

    /** Counts tokens of a completion that has ended, however it did. */
    void ended(int tokens) {
        newTokens.add(tokens);
    }

    /**
     * Returns all numbers in Prometheus' text format.
     *
     * @param rows the texts that grow now
     * @param waiting the requests that wait for a place
     * @param connections the connections that are open
     * @param store what the store says of itself
     */
    String text(int rows, int waiting, int connections, StoreStatistics store) {
        Lines lines = new Lines();
        lines.head("ligature_responses_total", "counter", "Completion requests by HTTP status.");
        responses.forEach(
                (status, count) ->
                        lines.value("ligature_responses_total{status=\"" + status + "\"}", count));
        lines.counter("ligature_aborted_total", "Requests whose client went away.", aborted.sum());
        lines.counter("ligature_prompt_tokens_total", "Prompt tokens read.", promptTokens.sum());
        lines.counter("ligature_new_tokens_total", "Tokens made.", newTokens.sum());
        lines.counter("ligature_steps_total", "Steps of the batch.", steps.sum());
        lines.counter("ligature_step_rows_total", "Rows of all steps together.", stepRows.sum());
        lines.gauge("ligature_rows", "Texts that grow now.", rows);
        lines.counter(
                "ligature_broken_streams_total",
                "Streams that ended with an error after their status 200.",
                broken.sum());
        lines.gauge("ligature_connections", "Connections that are open.", connections);
        lines.gauge("ligature_waiting", "Requests that wait for a place.", waiting);
        lines.counter("ligature_store_hits_total", "Adapters found in memory.", store.hits());
        lines.counter("ligature_store_misses_total", "Adapters waited for.", store.misses());
        lines.counter("ligature_store_failures_total", "Adapters not had.", store.failures());
        lines.counter("ligature_store_loads_total", "Adapters loaded.", store.loads());
        lines.counter("ligature_store_evictions_total", "Adapters evicted.", store.evictions());
        lines.counter(
                "ligature_store_replacements_total",
                "Adapters freed because their files changed.",
                store.replacements());
        lines.gauge("ligature_store_adapters", "Adapters in memory.", store.residentCount());
        lines.gauge("ligature_store_leased", "Adapters held by requests.", store.leasedCount());
        lines.gauge("ligature_store_bytes", "Bytes of adapters.", store.residentBytes());
        lines.gauge("ligature_store_budget_bytes", "The most they may be.", store.budgetBytes());
        return lines.text.toString();
    }

    private static final class Lines {
        private final StringBuilder text = new StringBuilder();

        void counter(String name, String help, long value) {
            head(name, "counter", help);
            value(name, value);
        }

        void gauge(String name, String help, long value) {
            head(name, "gauge", help);
            value(name, value);
        }

        void head(String name, String type, String help) {
            text.append("# HELP ").append(name).append(' ').append(help).append('\n');
            text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
        }

        void value(String name, Object value) {
            text.append(name).append(' ').append(value).append('\n');
        }
    }
}

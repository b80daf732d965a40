package dev.ligature.server.internal.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is counted is what is written, and names do not make it grow. */
final class ServerMetricsTest {
    private static final String REQUESTS = "ligature_adapter_requests_total{adapter=";
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final ServerMetrics metrics = new ServerMetrics(2);

    private Exposition read() {
        return Exposition.read(metrics.text());
    }

    private void ask(String adapter, int times) {
        for (int i = 0; i < times; i++) {
            metrics.request(adapter, null, 3, 5, SECOND);
        }
    }

    private long labels() {
        return read().values().keySet().stream().filter(name -> name.startsWith(REQUESTS)).count();
    }

    @Test
    void numbers_areWrittenAsTheyWereCounted() {
        metrics.response(200);
        metrics.response(200);
        metrics.response(429);
        metrics.aborted();
        metrics.prompt(7);
        metrics.step(3);
        metrics.step(2);
        metrics.ended(11);
        AtomicLong state = new AtomicLong(4);
        metrics.gauge("ligature.rows", "Texts.", state::get);
        metrics.counter("ligature.store.hits", "Hits.", state::get);
        state.set(6);

        Exposition read = read();
        assertEquals(2, read.value("ligature_responses_total{status=200}"));
        assertEquals(1, read.value("ligature_responses_total{status=429}"));
        assertEquals(1, read.value("ligature_aborted_total"));
        assertEquals(0, read.value("ligature_broken_streams_total"));
        assertEquals(7, read.value("ligature_prompt_tokens_total"));
        assertEquals(11, read.value("ligature_new_tokens_total"));
        assertEquals(2, read.value("ligature_steps_total"));
        assertEquals(5, read.value("ligature_step_rows_total"));
        assertEquals(6, read.value("ligature_rows"));
        assertEquals(6, read.value("ligature_store_hits_total"));
        assertEquals("counter", read.types().get("ligature_responses_total"));
        assertEquals("gauge", read.types().get("ligature_rows"));
    }

    @Test
    void numbersOfOthers_stayThere_whenMemoryIsCollected() throws Exception {
        metrics.counter("ligature.store.loads", "Loads.", new AtomicLong(9)::get);
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(9, read().value("ligature_store_loads_total"));
    }

    @Test
    void times_areInTheirBuckets() {
        metrics.firstToken(Duration.ofMillis(30));
        metrics.firstToken(Duration.ofMillis(30));
        metrics.firstToken(Duration.ofSeconds(3));
        metrics.nextToken(Duration.ofNanos(900_000));
        metrics.queued(Duration.ofSeconds(200));

        Exposition read = read();
        String first = "ligature_time_to_first_token_seconds";
        assertEquals("histogram", read.types().get(first));
        assertEquals(0, read.value(first + "_bucket{le=0.025}"));
        assertEquals(2, read.value(first + "_bucket{le=0.05}"));
        assertEquals(2, read.value(first + "_bucket{le=2.5}"));
        assertEquals(3, read.value(first + "_bucket{le=5.0}"));
        assertEquals(3, read.value(first + "_bucket{le=+Inf}"));
        assertEquals(3, read.value(first + "_count"));
        assertEquals(3.06, read.value(first + "_sum"), 1e-9);
        assertEquals(1, read.value("ligature_time_between_tokens_seconds_bucket{le=0.001}"));
        assertEquals(0, read.value("ligature_queue_seconds_bucket{le=120.0}"));
        assertEquals(1, read.value("ligature_queue_seconds_count"));
    }

    @Test
    void onlyTheBusiestAdapters_haveALabel_andTheRestShareOne() {
        ask("a", 20);
        ask("b", 10);
        ask("c", 5);
        for (int i = 0; i < 5000; i++) {
            ask("stranger-" + i, 1);
        }
        assertEquals(3, labels());
        assertEquals(20, read().value(REQUESTS + "a}"));
        assertEquals(10, read().value(REQUESTS + "b}"));
        assertEquals(5005, read().value(REQUESTS + "other}"));
        assertEquals(60, read().value("ligature_adapter_prompt_tokens_total{adapter=a}"));
        assertEquals(100, read().value("ligature_adapter_new_tokens_total{adapter=a}"));
        assertEquals(5035, read().value("ligature_request_seconds_count"));
    }

    @Test
    void anAdapterThatBecomesBusy_takesTheLabelOfAnother_andNoCounterGoesDown() {
        ask("a", 20);
        ask("b", 10);
        double other = 0;
        for (int i = 0; i < 40; i++) {
            ask("c", 1);
            double now = read().value(REQUESTS + "other}");
            assertTrue(now >= other, "other went from " + other + " to " + now);
            other = now;
            assertEquals(3, labels());
        }
        Exposition read = read();
        assertFalse(read.values().containsKey(REQUESTS + "b}"), "b was the least busy");
        assertEquals(40, read.value(REQUESTS + "c}") + other);
        ask("b", 3);
        assertEquals(other + 3, read().value(REQUESTS + "other}"));
    }

    @Test
    void anAdapterThatIsCalledLikeTheRest_isOneOfThem() {
        ask("other", 5);
        ask("a", 1);
        assertEquals(5, read().value(REQUESTS + "other}"));
        assertEquals(2, labels());
    }

    @Test
    void withoutLabels_allShareOne() {
        ServerMetrics none = new ServerMetrics(0);
        none.request("a", null, 1, 1, SECOND);
        assertEquals(1, Exposition.read(none.text()).value(REQUESTS + "other}"));
    }

    @Test
    void namesOfKeys_areEscaped() {
        for (String key :
                List.of("say \"hi\"", "two\nlines", "back\\slash", "{x=\"y\"} 5", "größe")) {
            metrics.request("a", key, 3, 4, SECOND);
            Exposition read = read();
            assertEquals(1, read.value("ligature_key_requests_total{key=" + key + "}"));
            assertEquals(7, read.value("ligature_key_tokens_total{key=" + key + "}"));
        }
    }
}

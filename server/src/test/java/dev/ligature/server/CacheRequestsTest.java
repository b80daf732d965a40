package dev.ligature.server;

import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.json;
import static dev.ligature.server.HttpCalls.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.ligature.server.settings.ServerCache;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What requests take over of earlier ones, and for whom the cache has room. */
final class CacheRequestsTest {
    private static final ServerLimits LIMITS = new ServerLimits(4, 16, 64, 1 << 16, 60, 5);
    private static final long TOKEN_BYTES = 256; // keys and values of the fixture's model

    /** Has more tokens than a block, and fewer than two. */
    private static final String PROMPT = "int index = array[offset]; ".repeat(11);

    @TempDir Path adapters;

    private static ServerLimits cache(long tokens, boolean keepsPrefixes) {
        return LIMITS.withCache(new ServerCache(512, tokens * TOKEN_BYTES, keepsPrefixes));
    }

    private static int cached(HttpResponse<String> response) {
        assertEquals(200, response.statusCode(), response.body());
        JsonObject usage = json(response.body()).getAsJsonObject("usage");
        return usage.getAsJsonObject("prompt_tokens_details").get("cached_tokens").getAsInt();
    }

    @Test
    void aRequestThatBeginsLikeAnEarlierOne_takesItsBlocksOver_ofTheSameAdapterOnly()
            throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, cache(4096, true))) {
            int tokens = fixture.tokens(PROMPT).length;
            assertTrue(tokens > 64 && tokens < 128, tokens + " tokens");
            String body = greedy("alpha", PROMPT, 8);
            assertEquals(0, cached(fixture.http().complete(body)));
            HttpResponse<String> again = fixture.http().complete(body);
            assertEquals(64, cached(again));
            assertEquals(fixture.alone("alpha", PROMPT, 8), text(again.body()));
            assertEquals(64, cached(fixture.http().complete(greedy("alpha", PROMPT + "x", 2))));
            assertEquals(0, cached(fixture.http().complete(greedy("beta", PROMPT, 2))));
            assertEquals(0, cached(fixture.http().complete(greedy("base", PROMPT, 2))));
            assertEquals(128, fixture.metric("ligature_prefix_hit_tokens_total"));
            assertEquals(3 * 64 * TOKEN_BYTES, fixture.metric("ligature_cache_prefix_bytes"));
            assertEquals(0, fixture.metric("ligature_cache_reserved_bytes"));
            assertEquals(4096 * TOKEN_BYTES, fixture.metric("ligature_cache_budget_bytes"));
        }
    }

    @Test
    void anAdapterThatWasReplaced_takesNothingOverOfTheFormerOne() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, cache(4096, true))) {
            String body = greedy("alpha", PROMPT, 8);
            String former = text(fixture.http().complete(body).body());
            assertEquals(64, cached(fixture.http().complete(body)));
            fixture.writeAdapter("alpha", 0.9f);
            HttpResponse<String> first = fixture.http().complete(body);
            assertEquals(0, cached(first));
            String later = fixture.alone("alpha", PROMPT, 8);
            assertEquals(later, text(first.body()));
            assertTrue(!later.equals(former), "the new adapter tells on nothing");
            HttpResponse<String> second = fixture.http().complete(body);
            assertEquals(64, cached(second));
            assertEquals(later, text(second.body()));
        }
    }

    @Test
    void withoutPrefixes_nothingIsKept() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, cache(4096, false))) {
            String body = greedy("alpha", PROMPT, 8);
            assertEquals(0, cached(fixture.http().complete(body)));
            assertEquals(0, cached(fixture.http().complete(body)));
            assertEquals(0, fixture.metric("ligature_cache_prefix_bytes"));
        }
    }

    @Test
    void aRequestThatTheCacheNeverHasRoomFor_isRefused_andOthersTakeTurns() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, cache(128, true))) {
            int tokens = fixture.tokens(PROMPT).length;
            HttpResponse<String> refused =
                    fixture.http().complete(greedy("alpha", PROMPT, 129 - tokens));
            assertEquals(400, refused.statusCode());
            assertEquals("cache_length_exceeded", error(refused).get("code").getAsString());
            assertEquals(
                    "The prompt's "
                            + tokens
                            + " tokens and max_tokens are 129 together, more than the 128 that the"
                            + " server's cache of keys and values has room for. Shorten the prompt,"
                            + " or ask for fewer tokens.",
                    error(refused).get("message").getAsString());
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 6; i++) { // two blocks each, of two
                answers.add(fixture.http().completeLater(greedy("beta", PROMPT + i, 9)));
            }
            for (int i = 0; i < 6; i++) {
                HttpResponse<String> answer = answers.get(i).get();
                assertEquals(200, answer.statusCode(), answer.body());
                assertEquals(fixture.alone("beta", PROMPT + i, 9), text(answer.body()));
            }
            assertEquals(0, fixture.metric("ligature_cache_reserved_bytes"));
        }
    }
}

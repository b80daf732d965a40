package dev.ligature.server.internal.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Finish;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.http.AnswerRoom;
import dev.ligature.server.internal.http.AnswerWriter;
import dev.ligature.server.internal.intake.AnswerPath;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.internal.request.Choices;
import dev.ligature.server.internal.request.CompletionRequest.Delivery;
import io.vertx.core.http.HttpServerResponse;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExchangeTest {
    private final ServerMetrics metrics = new ServerMetrics(2);
    private final AtomicBoolean givenBack = new AtomicBoolean();
    private final List<Boolean> seen = new ArrayList<>();

    @ParameterizedTest
    @EnumSource(Delivery.class)
    void theEnd_isCounted_andItsPlaceGivenBack_beforeItIsWritten(Delivery delivery) {
        exchange(delivery, 200).choice(0).end(Finish.STOP, new Usage(1, 1));
        assertTrue(!seen.isEmpty() && !seen.contains(false), seen.toString());
    }

    @ParameterizedTest
    @EnumSource(Delivery.class)
    void aFailure_isCounted_andItsPlaceGivenBack_beforeItIsWritten(Delivery delivery) {
        exchange(delivery, 503).fail(ApiException.of(503, "timeout", "Too late."));
        assertEquals(List.of(true), seen);
    }

    /** Returns an exchange that looks, in place of each thing to write, at what was counted. */
    private Exchange exchange(Delivery delivery, int status) {
        String counted = "ligature_responses_total{status=\"" + status + "\"} 1.0\n";
        AnswerPath path =
                new AnswerPath() {
                    @Override
                    public void onLoop(Runnable task) {
                        seen.add(givenBack.get() && text().contains(counted));
                    }

                    @Override
                    public AnswerWriter writer() {
                        return new AnswerWriter(
                                untouched(), new AnswerRoom(1), () -> {}, unread -> {});
                    }

                    @Override
                    public void end(int given, AnswerWriter answer) {
                        givenBack.set(true);
                    }
                };
        return new Exchange(
                path,
                metrics,
                new Json.Head(Json.Kind.COMPLETION, "cmpl-1", 0, "alpha"),
                delivery,
                Choices.ONE,
                1,
                Set.of());
    }

    private static HttpServerResponse untouched() {
        return (HttpServerResponse)
                Proxy.newProxyInstance(
                        ExchangeTest.class.getClassLoader(),
                        new Class<?>[] {HttpServerResponse.class},
                        (proxy, method, arguments) -> {
                            throw new AssertionError(method + " outside the event loop");
                        });
    }

    private String text() {
        return metrics.text();
    }
}

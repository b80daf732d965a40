package dev.ligature.server.internal.http;

import dev.ligature.server.internal.access.AccessException;
import dev.ligature.server.internal.access.AuditLog;
import dev.ligature.server.internal.access.Tenant;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.metrics.ServerMetrics;
import io.vertx.core.http.HttpServerRequest;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A request with the key that it came with, and what is to be logged of it when it is over. */
public final class Call {
    private final HttpServerRequest request;
    private final @Nullable Tenant tenant;
    private final @Nullable AuditLog log;
    private final ServerMetrics metrics;
    private final Instant time = Instant.now();
    private final long started = System.nanoTime();
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile boolean begun;
    private volatile @Nullable String model;
    private volatile long promptTokens;
    private volatile long newTokens;

    /**
     * Creates a call.
     *
     * @param tenant the owner of its key; null where no keys are asked for
     * @param log takes a line when it is over; null where there is none
     * @param metrics where its answer is counted
     */
    Call(
            HttpServerRequest request,
            @Nullable Tenant tenant,
            @Nullable AuditLog log,
            ServerMetrics metrics) {
        this.metrics = metrics;
        this.request = request;
        this.tenant = tenant;
        this.log = log;
        request.response()
                .endHandler(v -> end(request.response().getStatusCode()))
                .closeHandler(v -> end(Refusals.GONE));
    }

    public HttpServerRequest request() {
        return request;
    }

    /** Returns whether its key may use a model. */
    public boolean mayUse(String name) {
        return tenant == null || tenant.mayUse(name);
    }

    /** Returns the name of its key; null where no keys are asked for. */
    public @Nullable String key() {
        return tenant == null ? null : tenant.name();
    }

    /**
     * Begins what counts for the limits of its key.
     *
     * @throws ApiException if a limit is reached
     */
    public void begin() {
        if (tenant != null) {
            try {
                tenant.begin();
            } catch (AccessException e) {
                throw ApiException.limited(e.retryAfter(), e.message());
            }
        }
        begun = true;
    }

    /** Notes the model that it names. */
    public void model(String name) {
        model = name;
    }

    /** Notes the tokens that it took. */
    public void used(long prompt, long made) {
        promptTokens = prompt;
        newTokens = made;
    }

    /** Counts its answer. */
    public void answered(int status) {
        metrics.response(status);
    }

    /** Answers it with an error, which is counted, and ends it. */
    public void refuse(ApiException error) {
        answered(error.status());
        end(error.status());
        Replies.error(request.response(), error);
    }

    /** Ends it, once. */
    public void end(int status) {
        if (!over.compareAndSet(false, true)) {
            return;
        }
        if (tenant != null && begun) {
            tenant.end(promptTokens + newTokens);
        }
        if (log != null) {
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
            log.add(
                    new AuditLog.Line(
                            time,
                            tenant == null ? null : tenant.name(),
                            request.method().name(),
                            request.path(),
                            model,
                            promptTokens,
                            newTokens,
                            status,
                            millis));
        }
    }
}

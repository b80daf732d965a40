package dev.ligature.server.internal.http;

import dev.ligature.server.internal.access.AccessException;
import dev.ligature.server.internal.access.ApiKeys;
import dev.ligature.server.internal.access.AuditLog;
import dev.ligature.server.internal.access.Tenant;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.settings.ServerAccess;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks requests for their keys, where there are any. */
public final class AccessGate {
    private static final Logger LOG = LoggerFactory.getLogger(AccessGate.class);
    private static final long REFRESH_MILLIS = 1000;

    private final @Nullable ApiKeys keys;
    private final @Nullable AuditLog log;
    private final ServerMetrics metrics;

    private AccessGate(@Nullable ApiKeys keys, @Nullable AuditLog log, ServerMetrics metrics) {
        this.keys = keys;
        this.log = log;
        this.metrics = metrics;
    }

    /**
     * Opens the files.
     *
     * @param metrics where refusals are counted
     * @throws IOException if one cannot be read or written
     */
    public static AccessGate open(ServerAccess access, ServerMetrics metrics) throws IOException {
        ApiKeys keys = access.keys() == null ? null : ApiKeys.read(access.keys());
        return new AccessGate(
                keys, access.auditLog() == null ? null : AuditLog.open(access.auditLog()), metrics);
    }

    /** Returns whether there are administrators, who may load and unload adapters. */
    boolean hasAdmin() {
        return keys != null && keys.hasAdmin();
    }

    /** Looks for changes of the file of keys, now and then. */
    public void watch(Vertx vertx) {
        ApiKeys watched = keys;
        if (watched != null) {
            vertx.setPeriodic(
                    REFRESH_MILLIS,
                    id ->
                            vertx.executeBlocking(
                                    () -> {
                                        watched.refresh();
                                        return watched;
                                    },
                                    false));
        }
    }

    /**
     * Lets a request in, or answers it.
     *
     * @param audience who may ask for its path
     * @return the call; null if it was refused
     */
    @Nullable Call admit(HttpServerRequest request, Audience audience) {
        Tenant tenant = null;
        ApiException refusal = null;
        if (keys != null && audience != Audience.ALL) {
            try {
                tenant = keys.authenticate(request.getHeader("authorization"));
                if (audience == Audience.ADMINISTRATORS && !tenant.isAdmin()) {
                    refusal =
                            ApiException.of(
                                    403, "admin_only", "This path is for keys of administrators.");
                }
            } catch (AccessException e) {
                request.response().putHeader("www-authenticate", "Bearer");
                refusal = ApiException.of(401, "invalid_api_key", e.message());
            }
        }
        Call call = new Call(request, tenant, log, metrics);
        if (refusal != null) {
            call.refuse(refusal);
            return null;
        }
        return call;
    }

    /** Returns a call that is refused before anybody asks whose it is. */
    public Call unknown(HttpServerRequest request) {
        return new Call(request, null, log, metrics);
    }

    public void close() {
        if (log != null) {
            try {
                log.close();
            } catch (IOException e) {
                LOG.error("The audit log cannot be closed", e);
            }
        }
    }
}

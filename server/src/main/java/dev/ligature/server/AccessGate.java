package dev.ligature.server;

import dev.ligature.server.access.AccessException;
import dev.ligature.server.access.ApiKeys;
import dev.ligature.server.access.AuditLog;
import dev.ligature.server.access.Tenant;
import dev.ligature.server.metrics.ServerMetrics;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks requests for their keys, where there are any. */
final class AccessGate {
    private static final Logger LOG = LoggerFactory.getLogger(AccessGate.class);
    private static final long REFRESH_MILLIS = 1000;
    private static final Set<String> FOR_ALL = Set.of("/health", "/", "/page.css", "/page.js");
    private static final Set<String> FOR_ADMINS =
            Set.of("/metrics", AdapterAdmin.LOAD, AdapterAdmin.UNLOAD);

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
    static AccessGate open(ServerAccess access, ServerMetrics metrics) throws IOException {
        ApiKeys keys = access.keys() == null ? null : ApiKeys.read(access.keys());
        return new AccessGate(
                keys, access.auditLog() == null ? null : AuditLog.open(access.auditLog()), metrics);
    }

    /** Returns whether there are administrators, who may load and unload adapters. */
    boolean hasAdmin() {
        return keys != null && keys.hasAdmin();
    }

    /** Looks for changes of the file of keys, now and then. */
    void watch(Vertx vertx) {
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
     * @return the call; null if it was refused
     */
    @Nullable Call admit(HttpServerRequest request) {
        Tenant tenant = null;
        ApiException refusal = null;
        String path = request.path();
        if (keys != null && !FOR_ALL.contains(path)) {
            try {
                tenant = keys.authenticate(request.getHeader("authorization"));
                if (FOR_ADMINS.contains(path) && !tenant.isAdmin()) {
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
    Call unknown(HttpServerRequest request) {
        return new Call(request, null, log, metrics);
    }

    void close() {
        if (log != null) {
            try {
                log.close();
            } catch (IOException e) {
                LOG.error("The audit log cannot be closed", e);
            }
        }
    }
}

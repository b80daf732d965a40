package dev.ligature.server.internal.http;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The paths of a server, each with its method and what answers. */
public final class Endpoints {
    private final AccessGate gate;
    private final HostRule hosts;
    private final Map<String, Endpoint> paths = new HashMap<>();
    private final Map<String, Endpoint> folders = new HashMap<>(); // by the beginning of a path
    private volatile boolean stopping;

    /**
     * What answers at a path.
     *
     * @param isPost by which method
     * @param audience who may ask
     * @param needsAdmin whether it is there only if somebody is an administrator
     * @param answer answers
     */
    private record Endpoint(
            boolean isPost, Audience audience, boolean needsAdmin, Consumer<Call> answer) {}

    public Endpoints(AccessGate gate, HostRule hosts) {
        this.gate = gate;
        this.hosts = hosts;
    }

    /** Answers at a path. */
    public Endpoints get(String path, Audience audience, Consumer<Call> answer) {
        paths.put(path, new Endpoint(false, audience, false, answer));
        return this;
    }

    /**
     * Answers at all paths below a folder, to those who have a key.
     *
     * @param folder ends with a slash
     */
    public Endpoints getBelow(String folder, Consumer<Call> answer) {
        folders.put(folder, new Endpoint(false, Audience.KEYS, false, answer));
        return this;
    }

    /** Answers those who have a key at a path, unless the server is about to stop. */
    public Endpoints post(String path, Consumer<Call> answer) {
        Consumer<Call> unlessStopping =
                call -> {
                    if (stopping) {
                        call.request().response().putHeader("connection", "close");
                        call.refuse(Refusals.stopping());
                    } else {
                        answer.accept(call);
                    }
                };
        paths.put(path, new Endpoint(true, Audience.KEYS, false, unlessStopping));
        return this;
    }

    /** Answers administrators at a path, also while the server is about to stop. */
    public Endpoints admin(String path, Consumer<Call> answer) {
        paths.put(path, new Endpoint(true, Audience.ADMINISTRATORS, true, answer));
        return this;
    }

    /** Takes no further work on. */
    public void stop() {
        stopping = true;
    }

    public boolean isStopping() {
        return stopping;
    }

    /** Handles a request. */
    public void handle(HttpServerRequest request) {
        try {
            hosts.check(request);
        } catch (ApiException e) {
            gate.unknown(request).refuse(e);
            return;
        }
        Endpoint endpoint = endpoint(request.path());
        Call call = gate.admit(request, endpoint == null ? Audience.KEYS : endpoint.audience());
        if (call != null) {
            route(call, endpoint);
        }
    }

    private void route(Call call, @Nullable Endpoint endpoint) {
        HttpServerRequest request = call.request();
        // Where nobody is an administrator, what is only for them does not exist.
        if (endpoint == null || (endpoint.needsAdmin() && !gate.hasAdmin())) {
            call.refuse(
                    ApiException.of(
                            404,
                            "not_found",
                            "There is nothing here. GET /v1/models, /health, /version or /metrics,"
                                    + " or POST to a path that the documentation lists, such as"
                                    + " /v1/completions."));
            return;
        }
        HttpMethod method = request.method();
        boolean isAllowed =
                endpoint.isPost()
                        ? method.equals(HttpMethod.POST)
                        : method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
        if (isAllowed) {
            endpoint.answer().accept(call);
            return;
        }
        String allowed = endpoint.isPost() ? "POST" : "GET, HEAD";
        request.response().putHeader("allow", allowed);
        call.refuse(
                ApiException.of(405, "method_not_allowed", "Use " + allowed + " for this path."));
    }

    private @Nullable Endpoint endpoint(String path) {
        Endpoint exact = paths.get(path);
        if (exact != null) {
            return exact;
        }
        return folders.entrySet().stream()
                .filter(folder -> path.startsWith(folder.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }
}

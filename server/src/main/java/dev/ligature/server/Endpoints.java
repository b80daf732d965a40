package dev.ligature.server;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The paths of a server, each with its method and what answers. */
final class Endpoints {
    private final AccessGate gate;
    private final HostRule hosts;
    private final Map<String, Endpoint> paths = new HashMap<>();
    private final Map<String, Endpoint> folders = new HashMap<>(); // by the beginning of a path
    private volatile boolean stopping;

    /** What answers at a path, and by which method. */
    private record Endpoint(boolean isPost, Consumer<Call> answer) {}

    Endpoints(AccessGate gate, HostRule hosts) {
        this.gate = gate;
        this.hosts = hosts;
    }

    /** Answers at a path. */
    Endpoints get(String path, Consumer<Call> answer) {
        paths.put(path, new Endpoint(false, answer));
        return this;
    }

    /**
     * Answers at all paths below a folder.
     *
     * @param folder ends with a slash
     */
    Endpoints getBelow(String folder, Consumer<Call> answer) {
        folders.put(folder, new Endpoint(false, answer));
        return this;
    }

    /** Answers at a path, unless the server is about to stop. */
    Endpoints post(String path, Consumer<Call> answer) {
        return admin(
                path,
                call -> {
                    if (stopping) {
                        call.request().response().putHeader("connection", "close");
                        call.refuse(BatchEngine.stopping());
                    } else {
                        answer.accept(call);
                    }
                });
    }

    /** Answers at a path also while the server is about to stop. */
    Endpoints admin(String path, Consumer<Call> answer) {
        paths.put(path, new Endpoint(true, answer));
        return this;
    }

    /** Takes no further work on. */
    void stop() {
        stopping = true;
    }

    boolean isStopping() {
        return stopping;
    }

    /** Handles a request. */
    void handle(HttpServerRequest request) {
        try {
            hosts.check(request);
        } catch (ApiException e) {
            gate.unknown(request).refuse(e);
            return;
        }
        Call call = gate.admit(request);
        if (call != null) {
            route(call);
        }
    }

    private void route(Call call) {
        HttpServerRequest request = call.request();
        Endpoint endpoint = endpoint(request.path());
        if (endpoint == null) {
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
        if (AdapterAdmin.PATHS.contains(path) && !gate.hasAdmin()) {
            return null; // where nobody is an administrator, these do not exist
        }
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

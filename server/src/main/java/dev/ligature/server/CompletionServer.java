package dev.ligature.server;

import dev.ligature.Routing;
import dev.ligature.models.DecoderShape;
import dev.ligature.store.AdapterStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server that completes texts: {@code POST /v1/completions} and {@code /v1/chat/completions},
 * {@code GET /v1/models}, {@code /v1/models/NAME}, {@code /health} and {@code /metrics}.
 *
 * <pre>{@code
 * CompletionServer server = CompletionServer.start(model, store, new ServerAddress("127.0.0.1", 8080), "base", ServerLimits.DEFAULTS);
 * server.stop();
 * }</pre>
 */
public final class CompletionServer {
    private static final String MODELS = "/v1/models/";
    private static final int WORKERS = 4;
    private static final int GRACE_SECONDS = 5;
    private static final int LISTEN_SECONDS = 60;
    private static final Logger LOG = LoggerFactory.getLogger(CompletionServer.class);

    private final Vertx vertx;
    private final ServedModels models;
    private final DecoderShape shape;
    private final ServerLimits limits;
    private final ServerMetrics metrics = new ServerMetrics();
    private final ExecutorService leasing;
    private final BatchEngine engine;
    private final CompletionHandler completions;
    private final HostRule hosts;
    private final AccessGate gate;
    private final AdapterAdmin admin;
    private final ConnectionLimit connections;
    private final LackOfMemory memory = new LackOfMemory();
    private final HttpServer http;
    private final long started = System.currentTimeMillis() / 1000;
    private volatile boolean stopping;

    private CompletionServer(
            LanguageModel model,
            ServedModels models,
            ServerAddress address,
            ServerLimits limits,
            ServerAccess access)
            throws IOException {
        this.gate = AccessGate.open(access);
        this.models = models;
        this.shape = model.shape();
        this.limits = limits;
        this.vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setEventLoopPoolSize(1)
                                .setWorkerPoolSize(WORKERS)
                                .setFileSystemOptions(
                                        new FileSystemOptions()
                                                .setFileCachingEnabled(false)
                                                .setClassPathResolvingEnabled(false)));
        this.leasing = ReadingLanes.lane("leasing", WORKERS, limits.batch());
        this.engine =
                new BatchEngine(
                        adapters -> model.lora().routed(Routing.rows(adapters)),
                        model.shape(),
                        limits.batch(),
                        models,
                        leasing,
                        metrics,
                        memory);
        this.hosts = new HostRule(address);
        this.admin = new AdapterAdmin(vertx, models);
        this.connections = new ConnectionLimit(limits.connections());
        this.completions =
                new CompletionHandler(vertx, model, models, engine, limits, metrics, memory);
        this.http =
                vertx.createHttpServer(
                        Tls.options(access)
                                .setHost(address.host())
                                .setPort(address.port())
                                .setHttp2ClearTextEnabled(false)
                                // A request may take so long without a byte; whoever is idle for
                                // longer, in the middle of a request or between two, is cut off.
                                .setIdleTimeout(limits.requestSeconds() + GRACE_SECONDS));
        vertx.exceptionHandler(this::failed);
        http.connectionHandler(connections::accept)
                .exceptionHandler(this::failed)
                .invalidRequestHandler(HttpFaults::answer)
                .requestHandler(this::handle);
    }

    private void failed(Throwable error) {
        memory.note(error);
        LOG.debug("A connection failed", error);
    }

    /**
     * Starts a server.
     *
     * @param model the model
     * @param store the adapters on it
     * @param baseName what requests name the base by
     * @param address where it listens
     * @param limits what it takes on
     * @throws IOException if it cannot listen there
     */
    public static CompletionServer start(
            LanguageModel model,
            AdapterStore store,
            String baseName,
            ServerAddress address,
            ServerLimits limits)
            throws IOException {
        return start(model, store, baseName, address, limits, ServerAccess.OPEN);
    }

    /**
     * Starts a server that asks for keys, logs requests or uses TLS.
     *
     * @param model the model
     * @param store the adapters on it
     * @param baseName what requests name the base by
     * @param address where it listens
     * @param limits what it takes on
     * @param access who may reach it
     * @throws IOException if it cannot listen there, or a file cannot be read or written
     */
    public static CompletionServer start(
            LanguageModel model,
            AdapterStore store,
            String baseName,
            ServerAddress address,
            ServerLimits limits,
            ServerAccess access)
            throws IOException {
        CompletionServer server =
                new CompletionServer(
                        model, new ServedModels(baseName, store), address, limits, access);
        try {
            await(server.http.listen(), LISTEN_SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            server.vertx.close();
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(
                    "The server cannot listen on "
                            + address.host()
                            + ":"
                            + address.port()
                            + " ("
                            + cause.getMessage()
                            + "). Choose another port or host.",
                    e);
        } catch (InterruptedException e) {
            server.vertx.close();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the server was to start", e);
        }
        server.gate.watch(server.vertx);
        server.engine.start();
        server.models.logFoldersThatAreNotServed();
        return server;
    }

    /** Returns the port that it listens on. */
    public int port() {
        return http.actualPort();
    }

    /** Returns whether completions are made. */
    public boolean isAlive() {
        return engine.isAlive() && !memory.isSeen();
    }

    /** Returns whether the heap was full; the process must end then, and {@link #stop} may hang. */
    public boolean isOutOfMemory() {
        return memory.isSeen();
    }

    private void handle(HttpServerRequest request) {
        request.exceptionHandler(this::failed);
        try {
            hosts.check(request);
        } catch (ApiException e) {
            Replies.error(request.response(), e);
            return;
        }
        Call call = gate.admit(request);
        if (call != null) {
            route(call);
        }
    }

    private void route(Call call) {
        HttpServerRequest request = call.request();
        boolean isPost = request.method().equals(HttpMethod.POST);
        switch (request.path()) {
            case "/v1/completions" -> {
                if (Replies.allowed(request, isPost, "POST") && open(request)) {
                    completions.complete(call);
                }
            }
            case "/v1/chat/completions" -> {
                if (Replies.allowed(request, isPost, "POST") && open(request)) {
                    completions.chat(call);
                }
            }
            case AdapterAdmin.LOAD, AdapterAdmin.UNLOAD -> {
                if (!gate.hasAdmin()) {
                    Replies.notFound(request);
                } else if (Replies.allowed(request, isPost, "POST")) {
                    admin.handle(call);
                }
            }
            case "/v1/models" -> get(request, r -> models(call));
            case "/health" -> get(request, this::health);
            case "/metrics" -> get(request, this::metrics);
            default -> {
                if (request.path().startsWith(MODELS)) {
                    get(request, r -> model(call));
                } else {
                    Replies.notFound(request);
                }
            }
        }
    }

    private boolean open(HttpServerRequest request) {
        if (stopping) {
            request.response().putHeader("connection", "close");
            Replies.error(request.response(), BatchEngine.stopping());
        }
        return !stopping;
    }

    private static void get(HttpServerRequest request, Consumer<HttpServerRequest> reply) {
        HttpMethod method = request.method();
        if (Replies.allowed(
                request,
                method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD),
                "GET, HEAD")) {
            reply.accept(request);
        }
    }

    private void models(Call call) {
        list(
                call.request(),
                () ->
                        Json.models(
                                models.names().stream()
                                        .filter(call::mayUse)
                                        .map(this::entry)
                                        .toList()));
    }

    private void model(Call call) {
        HttpServerRequest request = call.request();
        String name = ServedModels.decoded(request.path().substring(MODELS.length()));
        list(
                request,
                () -> {
                    if (!call.mayUse(name) || !models.has(name)) {
                        throw ServedModels.unknown(name);
                    }
                    return Json.model(entry(name));
                });
    }

    private ModelEntry entry(String name) {
        String parent = name.equals(models.base()) ? null : models.base();
        return new ModelEntry(name, started, parent, shape.maxPositions());
    }

    /** Answers with what may read the directory of the adapters. */
    private void list(HttpServerRequest request, Callable<String> body) {
        vertx.executeBlocking(body, false)
                .onSuccess(text -> Replies.json(request.response(), 200, text))
                .onFailure(
                        error -> {
                            if (error instanceof ApiException api) {
                                Replies.error(request.response(), api);
                                return;
                            }
                            Replies.error(request.response(), models.notListed(error));
                        });
    }

    private void health(HttpServerRequest request) {
        boolean well = isAlive() && !stopping;
        String status = well ? "ok" : stopping ? "stopping" : "failed";
        Replies.json(request.response(), well ? 200 : 503, Json.status(status));
    }

    private void metrics(HttpServerRequest request) {
        Replies.text(
                request.response(),
                "text/plain; version=0.0.4; charset=utf-8",
                metrics.text(
                        engine.rows(), engine.waiting(), connections.open(), models.statistics()));
    }

    /**
     * Stops: takes no further request, finishes those under way as long as the limit allows, and
     * frees what the server made. The model and the store stay. A second call does nothing.
     */
    public synchronized void stop() throws InterruptedException {
        if (stopping) {
            return;
        }
        stopping = true;
        engine.stop(limits.shutdownSeconds());
        completions.close();
        leasing.shutdown();
        try {
            await(http.shutdown(GRACE_SECONDS, TimeUnit.SECONDS), 2 * GRACE_SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("Connections were still open, and are closed now", e);
        }
        try {
            await(vertx.close(), 2 * GRACE_SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("The server did not stop", e);
        } finally {
            gate.close();
        }
    }

    private static void await(Future<?> future, int seconds)
            throws ExecutionException, TimeoutException, InterruptedException {
        future.toCompletionStage().toCompletableFuture().get(seconds, TimeUnit.SECONDS);
    }
}

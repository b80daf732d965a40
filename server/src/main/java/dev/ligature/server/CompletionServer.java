package dev.ligature.server;

import dev.ligature.models.generation.CacheStatistics;
import dev.ligature.server.internal.admission.LackOfMemory;
import dev.ligature.server.internal.admission.LeasingLanes;
import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.engine.CacheSize;
import dev.ligature.server.internal.engine.Engine;
import dev.ligature.server.internal.handler.AdapterAdmin;
import dev.ligature.server.internal.handler.ModelsHandler;
import dev.ligature.server.internal.handler.StatusHandler;
import dev.ligature.server.internal.handler.TaskService;
import dev.ligature.server.internal.handler.TokenHandler;
import dev.ligature.server.internal.http.AccessGate;
import dev.ligature.server.internal.http.AnswerRoom;
import dev.ligature.server.internal.http.Audience;
import dev.ligature.server.internal.http.ConnectionLimit;
import dev.ligature.server.internal.http.Endpoints;
import dev.ligature.server.internal.http.HostRule;
import dev.ligature.server.internal.http.HttpFaults;
import dev.ligature.server.internal.http.Replies;
import dev.ligature.server.internal.http.Tls;
import dev.ligature.server.internal.intake.Inquiries;
import dev.ligature.server.internal.intake.RequestIntake;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.internal.metrics.StoreMetrics;
import dev.ligature.server.internal.page.PageFile;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.model.TaskModel;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerAddress;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server of one model and its adapters, over HTTP. It completes texts ({@code POST
 * /v1/completions}, {@code /v1/chat/completions}), embeds them ({@code /v1/embeddings}) or
 * classifies them ({@code /v1/classify}): which of these follows from the model.
 *
 * <pre>{@code
 * CompletionServer server = CompletionServer.start(model, store, new ServerAddress("127.0.0.1", 8080), "base", ServerLimits.DEFAULTS);
 * server.stop();
 * }</pre>
 */
public final class CompletionServer {
    private static final int WORKERS = 4;
    private static final int GRACE_SECONDS = 5;
    private static final int LISTEN_SECONDS = 60;
    private static final Logger LOG = LoggerFactory.getLogger(CompletionServer.class);

    private final Vertx vertx;
    private final ServedModels models;
    private final ServerLimits limits;
    private final ServerMetrics metrics;
    private final LeasingLanes leasing;
    private final Inquiries inquiries;
    private final Engine engine;
    private final RequestIntake intake;
    private final AccessGate gate;
    private final Endpoints endpoints;
    private final ConnectionLimit connections;
    private final AnswerRoom answers = AnswerRoom.ofHeap();
    private final LackOfMemory memory = new LackOfMemory();
    private final HttpServer http;

    private CompletionServer(
            TaskModel model,
            ServedModels models,
            ServerAddress address,
            ServerLimits limits,
            ServerAccess access)
            throws IOException {
        if (model instanceof LanguageModel language) {
            CacheSize.of(language, limits.cache()); // refuses one without room before all else
        }
        HttpServerOptions options = Tls.options(access);
        this.metrics = new ServerMetrics(limits.adapterLabels());
        this.gate = AccessGate.open(access, metrics);
        this.models = models;
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
        this.leasing = new LeasingLanes(limits.batch());
        this.inquiries = new Inquiries(vertx, models, answers);
        this.connections = new ConnectionLimit(limits.connections());
        this.intake = new RequestIntake(vertx, models, limits, answers, metrics, memory);
        TaskService service =
                TaskService.of(
                        model,
                        new TaskService.Parts(intake, models, leasing, limits, metrics, memory));
        this.engine = service.engine();
        this.endpoints = endpoints(model, service, new HostRule(address));
        showState();
        this.http =
                vertx.createHttpServer(
                        options.setHost(address.host())
                                .setPort(address.port())
                                .setHttp2ClearTextEnabled(false)
                                // A request may take so long without a byte; whoever is idle for
                                // longer, in the middle of a request or between two, is cut off.
                                .setIdleTimeout(limits.requestSeconds() + GRACE_SECONDS));
        vertx.exceptionHandler(this::failed);
        http.connectionHandler(connections::accept)
                .exceptionHandler(this::failed)
                .invalidRequestHandler(request -> HttpFaults.answer(gate.unknown(request)))
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
            TaskModel model,
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
            TaskModel model,
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
            throw cannotListen(address, e.getCause() == null ? e : e.getCause());
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

    private static IOException cannotListen(ServerAddress address, Throwable cause) {
        boolean isTaken =
                cause instanceof SocketException
                        || cause instanceof UnknownHostException
                        || cause instanceof UnresolvedAddressException;
        return new IOException(
                "The server cannot listen on "
                        + address.host()
                        + ":"
                        + address.port()
                        + " ("
                        + cause.getMessage()
                        + (isTaken ? "). Choose another port or host." : ")."),
                cause);
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

    private Endpoints endpoints(TaskModel model, TaskService service, HostRule hosts) {
        ModelsHandler listing = new ModelsHandler(inquiries, models, model.maxTokens());
        AdapterAdmin admin = new AdapterAdmin(vertx, inquiries, models);
        StatusHandler status = new StatusHandler(inquiries, model, models, engine, limits);
        TokenHandler tokens = new TokenHandler(intake, model, models.base());
        Endpoints all = new Endpoints(gate, hosts);
        service.paths().forEach(all::post);
        for (PageFile file : PageFile.all()) {
            all.get(
                    file.path(),
                    Audience.ALL,
                    call -> Replies.page(call.request().response(), file));
        }
        return all.post("/tokenize", tokens::tokenize)
                .post("/detokenize", tokens::detokenize)
                .admin(AdapterAdmin.LOAD, admin::load)
                .admin(AdapterAdmin.UNLOAD, admin::unload)
                .get("/v1/models", Audience.KEYS, listing::all)
                .getBelow(ModelsHandler.FOLDER, listing::one)
                .get("/v1/status", Audience.KEYS, status::status)
                .get("/v1/modules", Audience.KEYS, status::modules)
                .get("/version", Audience.KEYS, call -> version(call.request()))
                .get("/health", Audience.ALL, call -> health(call.request()))
                .get("/metrics", Audience.ADMINISTRATORS, call -> metrics(call.request()));
    }

    private void handle(HttpServerRequest request) {
        request.exceptionHandler(this::failed);
        endpoints.handle(request);
    }

    private void version(HttpServerRequest request) {
        String version = CompletionServer.class.getPackage().getImplementationVersion();
        Replies.json(
                request.response(),
                200,
                Json.object(
                        json ->
                                json.name("version")
                                        .value(version == null ? "(not packaged)" : version)));
    }

    private void health(HttpServerRequest request) {
        boolean well = isAlive() && !endpoints.isStopping();
        String status = well ? "ok" : endpoints.isStopping() ? "stopping" : "failed";
        Replies.json(request.response(), well ? 200 : 503, Json.status(status));
    }

    /** Returns what is held of keys and values. */
    CacheStatistics cache() {
        return engine.cache();
    }

    private void metrics(HttpServerRequest request) {
        Replies.text(request.response(), ServerMetrics.TYPE, metrics.text());
    }

    private void showState() {
        metrics.gauge("ligature.rows", "Texts that are computed now.", engine::rows);
        metrics.gauge("ligature.waiting", "Requests that wait for a place.", engine::waiting);
        metrics.gauge("ligature.running", "Requests under way, by their texts.", intake::taken);
        metrics.gauge(
                "ligature.answer.bytes",
                "Memory for answers, until their clients have them.",
                answers::used);
        metrics.gauge("ligature.connections", "Connections that are open.", connections::open);
        StoreMetrics.show(models::statistics, metrics);
    }

    /**
     * Stops: takes no further request, finishes those under way as long as the limit allows, and
     * frees what the server made. The model and the store stay. A second call does nothing.
     */
    public synchronized void stop() throws InterruptedException {
        if (endpoints.isStopping()) {
            return;
        }
        endpoints.stop();
        engine.stop(limits.shutdownSeconds());
        intake.close();
        inquiries.close();
        leasing.interrupt();
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

package dev.ligature.server;

import io.vertx.core.Vertx;
import java.util.concurrent.Callable;

/** Tells which models there are. */
final class ModelsHandler {
    static final String FOLDER = "/v1/models/";

    private final Vertx vertx;
    private final ServedModels models;
    private final int positions;
    private final long started = System.currentTimeMillis() / 1000;

    /**
     * Creates it.
     *
     * @param positions the most tokens of a text
     */
    ModelsHandler(Vertx vertx, ServedModels models, int positions) {
        this.vertx = vertx;
        this.models = models;
        this.positions = positions;
    }

    /** Answers with all models that a key may use. */
    void all(Call call) {
        list(
                call,
                () ->
                        Json.models(
                                models.names().stream()
                                        .filter(call::mayUse)
                                        .map(this::entry)
                                        .toList()));
    }

    /** Answers with the model that a path names. */
    void one(Call call) {
        String name = ServedModels.decoded(call.request().path().substring(FOLDER.length()));
        list(
                call,
                () -> {
                    if (!call.mayUse(name) || !models.has(name)) {
                        throw ServedModels.unknown(name);
                    }
                    return Json.model(entry(name));
                });
    }

    private ModelEntry entry(String name) {
        String parent = name.equals(models.base()) ? null : models.base();
        return new ModelEntry(name, started, parent, positions);
    }

    /** Answers with what may read the directory of the adapters. */
    private void list(Call call, Callable<String> body) {
        vertx.executeBlocking(body, false)
                .onSuccess(text -> Replies.json(call.request().response(), 200, text))
                .onFailure(
                        error ->
                                Replies.error(
                                        call.request().response(),
                                        error instanceof ApiException api
                                                ? api
                                                : models.notListed(error)));
    }
}

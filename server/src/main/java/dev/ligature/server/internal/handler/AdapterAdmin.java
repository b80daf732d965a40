package dev.ligature.server.internal.handler;

import dev.ligature.LoraException;
import dev.ligature.StoreFullException;
import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.http.BodyBudget;
import dev.ligature.server.internal.http.BodyReader;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.http.Replies;
import dev.ligature.server.internal.intake.Inquiries;
import dev.ligature.store.AdapterStore;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads and unloads adapters while the server runs, in the shape of vLLM's API. */
public final class AdapterAdmin {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterAdmin.class);
    public static final String LOAD = "/v1/load_lora_adapter";
    public static final String UNLOAD = "/v1/unload_lora_adapter";

    private static final int MOST_BYTES = 1 << 16;
    private static final int SECONDS = 30; // for a client to send a body
    private static final int DEPTH = 2;

    private final Vertx vertx;
    private final Inquiries inquiries;
    private final ServedModels models;
    private final BodyBudget bodies = new BodyBudget(16L * MOST_BYTES);

    public AdapterAdmin(Vertx vertx, Inquiries inquiries, ServedModels models) {
        this.vertx = vertx;
        this.inquiries = inquiries;
        this.models = models;
    }

    /** What is to be done by the fields of a body. */
    private interface Task {
        String run(Call call, JsonFields<ApiException> fields) throws IOException;
    }

    /** Handles a request to load an adapter. */
    public void load(Call call) {
        handle(call, Set.of("lora_name", "lora_path"), this::load);
    }

    /** Handles a request to unload one. */
    public void unload(Call call) {
        handle(call, Set.of("lora_name", "lora_int_id"), this::unload);
    }

    private void handle(Call call, Set<String> known, Task task) {
        HttpServerRequest request = call.request();
        try {
            BodyReader.requireJson(request);
        } catch (ApiException refusal) {
            call.refuse(refusal);
            return;
        }
        BodyReader.read(
                vertx,
                request,
                MOST_BYTES,
                bodies,
                SECONDS,
                body -> {
                    bodies.give(body.length);
                    inquiries
                            .find(() -> task.run(call, fields(body, known)))
                            .onSuccess(
                                    text -> {
                                        call.answered(200);
                                        Replies.text(
                                                request.response(),
                                                "text/plain; charset=utf-8",
                                                text);
                                    })
                            .onFailure(error -> call.refuse(asApi(error)));
                },
                call::refuse);
    }

    private static ApiException asApi(Throwable error) {
        if (error instanceof ApiException api) {
            return api;
        }
        LOG.error("An adapter cannot be loaded or unloaded", error);
        return Refusals.internal();
    }

    private static JsonFields<ApiException> fields(byte[] body, Set<String> known) {
        JsonFields<ApiException> fields =
                JsonFields.parse(
                        new StringReader(new String(body, StandardCharsets.UTF_8)),
                        new JsonLimits(DEPTH, MOST_BYTES),
                        new Errors());
        for (String name : fields.names()) {
            if (!known.contains(name)) {
                throw ApiException.field(name, "There is no such field. Leave it out.");
            }
        }
        return fields;
    }

    private String load(Call call, JsonFields<ApiException> fields) throws IOException {
        String name = fields.string("lora_name");
        call.model(name);
        AdapterStore store = models.store();
        if (name.equals(models.base()) || !added(store, name, fields.string("lora_path"))) {
            throw ApiException.field(
                    "lora_name", "There is a model " + name + " already. Choose another name.");
        }
        try {
            store.preload(name);
        } catch (StoreFullException e) {
            store.remove(name);
            throw ApiException.of(503, "no_room", String.valueOf(e.getMessage()));
        } catch (IOException | LoraException e) {
            store.remove(name);
            throw ApiException.field(
                    400,
                    "model_broken",
                    "lora_path",
                    "The adapter is not loaded: " + e.getMessage());
        }
        LOG.info("Adapter {} was loaded by key {}", name, call.key());
        return "Success: LoRA adapter '" + name + "' added successfully.";
    }

    private static boolean added(AdapterStore store, String name, String path) throws IOException {
        try {
            Path folder = Path.of(path).toAbsolutePath();
            if (!Files.isDirectory(folder)) {
                throw ApiException.field("lora_path", "lora_path is no folder. Give a folder.");
            }
            return store.add(name, folder);
        } catch (InvalidPathException e) {
            throw ApiException.field("lora_path", "lora_path is not a path. Give a folder.");
        } catch (LoraException e) {
            throw ApiException.field("lora_name", String.valueOf(e.getMessage()));
        }
    }

    private String unload(Call call, JsonFields<ApiException> fields) {
        String name = fields.string("lora_name");
        call.model(name);
        if (models.store().remove(name)) {
            LOG.info("Adapter {} was unloaded by key {}", name, call.key());
            return "Success: LoRA adapter '" + name + "' removed successfully.";
        }
        if (models.knows(name).orElse(true)) {
            throw ApiException.field(
                    "lora_name",
                    name + " was not loaded by a request. Remove it where the adapters are kept.");
        }
        throw ServedModels.unknown(name);
    }

    /** The errors of a body. */
    private record Errors() implements JsonErrors<ApiException> {
        @Override
        public ApiException malformed(String what, @Nullable Throwable cause) {
            return ApiException.of(
                    400, "invalid_json", "The body is not one JSON object: " + what + ".");
        }

        @Override
        public ApiException duplicate(JsonField field) {
            return ApiException.field(field.toString(), field + " is there twice. Send it once.");
        }

        @Override
        public ApiException wrong(JsonField field, @Nullable Object value, String expected) {
            return ApiException.field(field.toString(), field + " must be " + expected + ".");
        }

        @Override
        public ApiException beyond(JsonField field, String what) {
            return ApiException.field(field.toString(), field + " " + what + ". Correct it.");
        }
    }
}

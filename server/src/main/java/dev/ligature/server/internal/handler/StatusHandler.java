package dev.ligature.server.internal.handler;

import com.google.gson.stream.JsonWriter;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.engine.Engine;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.http.Replies;
import dev.ligature.server.internal.intake.Inquiries;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.model.TaskModel;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.StoreStatistics;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** Tells what is served, how much is done now, and what of the adapters is in memory. */
public final class StatusHandler {
    private final Inquiries inquiries;
    private final TaskModel model;
    private final ServedModels models;
    private final Engine engine;
    private final ServerLimits limits;

    public StatusHandler(
            Inquiries inquiries,
            TaskModel model,
            ServedModels models,
            Engine engine,
            ServerLimits limits) {
        this.inquiries = inquiries;
        this.model = model;
        this.models = models;
        this.engine = engine;
        this.limits = limits;
    }

    /** Answers with the state of now, of the models that a key may use. */
    public void status(Call call) {
        inquiries.answer(
                call,
                () ->
                        status(
                                models.names().stream().filter(call::mayUse).toList(),
                                call.mayUse(models.base())));
    }

    private String status(List<String> names, boolean isNamed) {
        StoreStatistics store = models.statistics();
        return Json.object(
                json -> {
                    json.name("model").beginObject();
                    model(json, isNamed);
                    json.endObject();
                    json.name("models").beginArray();
                    for (String name : names) {
                        json.beginObject();
                        json.name("name").value(name);
                        json.name("adapter").value(!name.equals(models.base()));
                        json.name("loaded").value(models.isResident(name));
                        json.endObject();
                    }
                    json.endArray();
                    json.name("load").beginObject();
                    json.name("rows").value(engine.rows());
                    json.name("max_batch").value(limits.batch());
                    json.name("waiting").value(engine.waiting());
                    json.name("max_waiting").value(limits.waiting());
                    json.name("max_tokens").value(limits.tokens());
                    json.name("request_seconds").value(limits.requestSeconds());
                    json.endObject();
                    json.name("memory").beginObject();
                    json.name("adapters").value(store.residentCount());
                    json.name("leased").value(store.leasedCount());
                    json.name("bytes").value(store.residentBytes());
                    json.name("budget_bytes").value(store.budgetBytes());
                    json.endObject();
                });
    }

    private void model(JsonWriter json, boolean isNamed) throws IOException {
        String title = model.task().title();
        json.name("name").value(isNamed ? models.base() : null);
        json.name("task").value(task());
        json.name("description")
                .value(title.substring(0, 1).toUpperCase(Locale.ROOT) + title.substring(1));
        json.name("chat").value(model instanceof LanguageModel text && text.chat().isPresent());
        json.name("max_model_len").value(model.maxTokens());
    }

    private String task() {
        return switch (model.task()) {
            case FEATURE_EXTRACTION -> "embedding";
            case SEQ_CLS -> "classification";
            default -> "completion";
        };
    }

    /** Answers with the modules that adapters can act on, and their ties. */
    public void modules(Call call) {
        Replies.json(
                call.request().response(),
                200,
                Json.object(
                        json -> {
                            json.name("modules").beginArray();
                            for (Module module : model.lora().layout().modules()) {
                                json.beginObject();
                                module(json, module);
                                json.endObject();
                            }
                            json.endArray();
                        }));
    }

    private static void module(JsonWriter json, Module module) throws IOException {
        boolean isTied = !module.weight().isEmpty() && !module.names().contains(module.weight());
        json.name("name").value(module.name());
        json.name("kind").value(module.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        json.name("role").value(module.role().name().toLowerCase(Locale.ROOT));
        json.name("shape").beginArray();
        for (long size : module.shape().getShape()) {
            json.value(size);
        }
        json.endArray();
        json.name("data_type").value(module.dataType().name().toLowerCase(Locale.ROOT));
        json.name("tied_to").value(isTied ? module.weight() : null);
    }
}

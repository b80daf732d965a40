package dev.ligature.server.internal.handler;

import dev.ligature.Routing;
import dev.ligature.server.internal.admission.LackOfMemory;
import dev.ligature.server.internal.admission.Leasing;
import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.engine.BatchEngine;
import dev.ligature.server.internal.engine.CacheSize;
import dev.ligature.server.internal.engine.EncoderEngine;
import dev.ligature.server.internal.engine.Engine;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.intake.RequestIntake;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.model.ClassifierModel;
import dev.ligature.server.model.EmbeddingModel;
import dev.ligature.server.model.EncoderModel;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.model.TaskModel;
import dev.ligature.server.settings.ServerLimits;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What a server computes with its model.
 *
 * @param engine computes
 * @param paths what answers with it, by its path
 */
public record TaskService(Engine engine, Map<String, Consumer<Call>> paths) {
    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final String EMBEDDINGS = "/v1/embeddings";
    private static final String CLASSIFY = "/v1/classify";
    private static final String CLASSIFY_OF_VLLM = "/classify";
    private static final Set<String> ALL =
            Set.of(COMPLETIONS, CHAT, EMBEDDINGS, CLASSIFY, CLASSIFY_OF_VLLM);

    /**
     * What the services of all tasks need.
     *
     * @param intake takes requests
     * @param models gives the adapters
     * @param leasing leases adapters
     * @param limits what the server takes on
     * @param metrics where work is counted
     * @param memory is told what goes wrong
     */
    public record Parts(
            RequestIntake intake,
            ServedModels models,
            Leasing leasing,
            ServerLimits limits,
            ServerMetrics metrics,
            LackOfMemory memory) {}

    /** Returns what a model of some task is served by; its paths of other tasks say so. */
    public static TaskService of(TaskModel model, Parts parts) throws IOException {
        TaskService service =
                model instanceof LanguageModel language
                        ? ofLanguage(language, parts)
                        : ofEncoder((EncoderModel) model, parts);
        Map<String, Consumer<Call>> paths = new HashMap<>(service.paths);
        for (String path : ALL) {
            paths.putIfAbsent(path, call -> refuse(call, model, service.paths.keySet()));
        }
        return new TaskService(service.engine, Map.copyOf(paths));
    }

    private static TaskService ofLanguage(LanguageModel model, Parts parts) throws IOException {
        CacheSize cache = CacheSize.of(model, parts.limits().cache());
        BatchEngine engine =
                new BatchEngine(
                        adapters -> model.lora().routed(Routing.rows(adapters)),
                        model.shape(),
                        cache.options(),
                        parts.limits().batch(),
                        parts.models(),
                        parts.leasing(),
                        parts.metrics(),
                        parts.memory());
        CompletionHandler handler =
                new CompletionHandler(
                        parts.intake(),
                        model,
                        cache.options(),
                        engine,
                        parts.limits(),
                        parts.metrics());
        showCache(engine, cache.tokenBytes(), parts.metrics());
        return new TaskService(engine, Map.of(COMPLETIONS, handler::complete, CHAT, handler::chat));
    }

    private static void showCache(Engine engine, long tokenBytes, ServerMetrics metrics) {
        metrics.counter(
                "ligature.prefix.hit.tokens",
                "Prompt tokens taken from kept prefixes.",
                () -> engine.cache().hits());
        metrics.gauge(
                "ligature.cache.reserved.bytes",
                "Keys and values reserved for texts under way.",
                () -> engine.cache().reserved() * tokenBytes);
        metrics.gauge(
                "ligature.cache.prefix.bytes",
                "Keys and values of kept prefixes.",
                () -> engine.cache().kept() * tokenBytes);
        metrics.gauge(
                "ligature.cache.budget.bytes",
                "The most both may be.",
                () -> engine.cache().budget() * tokenBytes);
    }

    private static TaskService ofEncoder(EncoderModel model, Parts parts) {
        EncoderEngine engine =
                new EncoderEngine(
                        model::compute,
                        parts.limits().batch(),
                        parts.models(),
                        parts.leasing(),
                        parts.metrics(),
                        parts.memory());
        EncoderHandler handler = new EncoderHandler(parts.intake(), model, engine);
        if (model instanceof EmbeddingModel embedding) {
            return new TaskService(
                    engine, Map.of(EMBEDDINGS, call -> handler.embed(call, embedding)));
        }
        Consumer<Call> classify = call -> handler.classify(call, (ClassifierModel) model);
        return new TaskService(engine, Map.of(CLASSIFY, classify, CLASSIFY_OF_VLLM, classify));
    }

    private static void refuse(Call call, TaskModel model, Set<String> paths) {
        call.refuse(
                ApiException.of(
                        400,
                        "task_not_supported",
                        "The model is "
                                + model.task().title()
                                + ", which does not answer at this path. POST to one of "
                                + new TreeSet<>(paths)
                                + "."));
    }
}

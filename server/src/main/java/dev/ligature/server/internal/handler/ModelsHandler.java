package dev.ligature.server.internal.handler;

import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.answer.ModelEntry;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.intake.Inquiries;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/** Tells which models there are. */
public final class ModelsHandler {
    public static final String FOLDER = "/v1/models/";

    private final Inquiries inquiries;
    private final ServedModels models;
    private final int positions;
    private final long started = System.currentTimeMillis() / 1000;

    /**
     * Creates it.
     *
     * @param positions the most tokens of a text
     */
    public ModelsHandler(Inquiries inquiries, ServedModels models, int positions) {
        this.inquiries = inquiries;
        this.models = models;
        this.positions = positions;
    }

    /** Answers with all models that a key may use. */
    public void all(Call call) {
        inquiries.answer(
                call,
                () ->
                        Json.models(
                                models.names().stream()
                                        .filter(call::mayUse)
                                        .map(name -> entry(call, name))
                                        .toList()));
    }

    /** Answers with the model that a path names. */
    public void one(Call call) {
        String name = decoded(call.request().path().substring(FOLDER.length()));
        inquiries.answer(
                call,
                () -> {
                    if (!call.mayUse(name)) {
                        throw ServedModels.unknown(name);
                    }
                    boolean isThere =
                            models.knows(name).orElseThrow(() -> ServedModels.unavailable(name));
                    if (!isThere) {
                        throw ServedModels.unknown(name);
                    }
                    return Json.model(entry(call, name));
                });
    }

    /** Returns a name of a path as it was before it was encoded. */
    private static String decoded(String name) {
        try {
            return URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return name; // no model has a name with a percent sign
        }
    }

    /** Describes a model; its base is not named to a key that may not use that. */
    private ModelEntry entry(Call call, String name) {
        boolean isNamed = !name.equals(models.base()) && call.mayUse(models.base());
        return new ModelEntry(name, started, isNamed ? models.base() : null, positions);
    }
}

package dev.ligature.server;

/** Tells which models there are. */
final class ModelsHandler {
    static final String FOLDER = "/v1/models/";

    private final Inquiries inquiries;
    private final ServedModels models;
    private final int positions;
    private final long started = System.currentTimeMillis() / 1000;

    /**
     * Creates it.
     *
     * @param positions the most tokens of a text
     */
    ModelsHandler(Inquiries inquiries, ServedModels models, int positions) {
        this.inquiries = inquiries;
        this.models = models;
        this.positions = positions;
    }

    /** Answers with all models that a key may use. */
    void all(Call call) {
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
    void one(Call call) {
        String name = ServedModels.decoded(call.request().path().substring(FOLDER.length()));
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

    /** Describes a model; its base is not named to a key that may not use that. */
    private ModelEntry entry(Call call, String name) {
        boolean isNamed = !name.equals(models.base()) && call.mayUse(models.base());
        return new ModelEntry(name, started, isNamed ? models.base() : null, positions);
    }
}

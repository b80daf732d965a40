package dev.ligature.server.internal.handler;

import dev.ligature.models.text.TokenizedText;
import dev.ligature.server.internal.admission.Candidate;
import dev.ligature.server.internal.admission.ModelLease;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.engine.EncoderEngine;
import dev.ligature.server.internal.engine.EncoderJob;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.intake.Place;
import dev.ligature.server.internal.intake.RequestIntake;
import dev.ligature.server.internal.request.EncoderRequest;
import dev.ligature.server.internal.request.Prompt;
import dev.ligature.server.model.ClassifierModel;
import dev.ligature.server.model.EmbeddingModel;
import dev.ligature.server.model.EncoderModel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Takes requests for embeddings or classes of texts to the engine that computes them. */
final class EncoderHandler {
    /** A number as it is computed, as text of up to 14 characters, and that text to be sent. */
    private static final int BYTES_OF_NUMBER = 4 + 3 * 16;

    private final RequestIntake intake;
    private final EncoderModel model;
    private final EncoderEngine engine;
    private final LengthRule length;

    EncoderHandler(RequestIntake intake, EncoderModel model, EncoderEngine engine) {
        this.intake = intake;
        this.model = model;
        this.engine = engine;
        this.length = LengthRule.of(model);
    }

    /** Makes the body of an answer of the numbers of each text. */
    private interface Answer {
        String of(EncoderRequest request, float[][] numbers, Usage usage);
    }

    /**
     * Handles a request for embeddings.
     *
     * @param embedding the model, which is that of the engine
     */
    void embed(Call call, EmbeddingModel embedding) {
        handle(
                call,
                body -> {
                    EncoderRequest request = EncoderRequest.ofEmbeddings(body);
                    EmbeddingSize.check(request, embedding);
                    return request;
                },
                (request, numbers, usage) ->
                        EncoderJson.embeddings(
                                request, EmbeddingSize.cut(request, numbers, embedding), usage));
    }

    /**
     * Handles a request for classes.
     *
     * @param classifier the model, which is that of the engine
     */
    void classify(Call call, ClassifierModel classifier) {
        handle(
                call,
                EncoderRequest::ofClasses,
                (request, numbers, usage) ->
                        EncoderJson.classes(
                                request, numbers, classifier.classifier().labels(), usage));
    }

    private void handle(Call call, Function<byte[], EncoderRequest> read, Answer answer) {
        intake.handle(call, read, (place, request) -> begin(place, request, answer));
    }

    private void begin(Place place, EncoderRequest request, Answer answer) {
        intake.admit(place, request.model());
        List<TokenizedText> texts = new ArrayList<>();
        for (Prompt input : request.inputs()) {
            texts.add(tokens(input, request));
            place.check();
        }
        Candidate<EncoderJob> candidate =
                new Candidate<>(
                        request.model(),
                        place.deadline(),
                        place::isOver,
                        lease -> {
                            place.admit(request.model());
                            EncoderJob job = job(place, request, texts, lease, answer);
                            place.fill(job);
                            return job;
                        },
                        error -> intake.end(place, error));
        intake.whenRoom(
                place,
                (long) texts.size() * model.numbers() * BYTES_OF_NUMBER,
                () -> engine.submit(candidate));
    }

    private EncoderJob job(
            Place place,
            EncoderRequest request,
            List<TokenizedText> texts,
            ModelLease lease,
            Answer answer) {
        int tokens = texts.stream().mapToInt(TokenizedText::length).sum();
        return new EncoderJob(
                texts,
                lease,
                place.clock(),
                numbers ->
                        intake.reply(
                                place, () -> answer.of(request, numbers, new Usage(tokens, 0))),
                error -> intake.end(place, error));
    }

    private TokenizedText tokens(Prompt input, EncoderRequest request) {
        TokenizedText text = whole(input, request.truncate().isEmpty());
        int most = length.most();
        if (request.truncate().isPresent()) {
            int asked = request.truncate().getAsInt();
            text = text.cut(asked < 0 ? most : Math.min(asked, most));
        }
        if (text.length() == 0) {
            throw ApiException.field("input", "input has a text without tokens. Leave it out.");
        }
        if (text.length() > most) {
            throw length.tooLong("input", "A text has " + text.length() + " tokens,");
        }
        for (long id : text.ids()) {
            if (id >= model.vocabulary()) {
                throw ApiException.field(
                        "input",
                        "input has the token "
                                + id
                                + ", and the model knows 0 to "
                                + (model.vocabulary() - 1)
                                + ". Use its own tokenizer.");
            }
        }
        return text;
    }

    private TokenizedText whole(Prompt input, boolean mustFit) {
        if (input instanceof Prompt.Ids ids) {
            return TokenizedText.of(ids.ids().stream().mapToLong(Long::longValue).toArray());
        }
        if (input instanceof Prompt.Pair pair) {
            if (mustFit) {
                length.fitting("input", pair.text() + pair.pair());
            }
            return model.tokenizer().tokenize(pair.text(), pair.pair());
        }
        String text = ((Prompt.Text) input).text();
        return model.tokenizer().tokenize(mustFit ? length.fitting("input", text) : text);
    }
}

package dev.ligature.server.internal.request;

import dev.ligature.internal.json.JsonFields;
import dev.ligature.server.internal.answer.ApiException;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A request for embeddings or classes of texts, checked as far as it can be without the model.
 *
 * @param model the name of an adapter, or that of the base
 * @param inputs the texts, one at least
 * @param truncate the most tokens of a text, of which longer ones are cut; −1 for as many as the
 *     model takes; empty if longer ones are refused
 * @param base64 whether embeddings are sent as base64 of fp32 in little-endian order
 * @param dimensions the numbers of an embedding; empty for all
 * @param activates whether classes are sent with probabilities, and not with logits
 */
public record EncoderRequest(
        String model,
        List<Prompt> inputs,
        OptionalInt truncate,
        boolean base64,
        OptionalInt dimensions,
        boolean activates) {
    private static final int DEPTH = 8;
    private static final int MOST_INPUTS = 2048; // OpenAI's
    private static final String TRUNCATE = "truncate_prompt_tokens";
    private static final Set<String> EMBEDDING =
            Set.of("model", "input", "encoding_format", "dimensions", "user", TRUNCATE);
    private static final Set<String> CLASSES =
            Set.of("model", "input", "use_activation", "user", TRUNCATE);

    /** Reads a request for embeddings. */
    public static EncoderRequest ofEmbeddings(byte[] body) {
        RequestFields request = RequestFields.only(body, DEPTH, EMBEDDING);
        JsonFields<ApiException> fields = request.json();
        String format = fields.optionalString("encoding_format").orElse("float");
        if (!Set.of("float", "base64").contains(format)) {
            throw fields.wrong("encoding_format", "float or base64");
        }
        return new EncoderRequest(
                request.model(),
                inputs(request, false),
                truncate(fields),
                format.equals("base64"),
                fields.has("dimensions")
                        ? OptionalInt.of((int) fields.whole("dimensions", 1, Integer.MAX_VALUE))
                        : OptionalInt.empty(),
                true);
    }

    /** Reads a request for classes. */
    public static EncoderRequest ofClasses(byte[] body) {
        RequestFields request = RequestFields.only(body, DEPTH, CLASSES);
        return new EncoderRequest(
                request.model(),
                inputs(request, true),
                truncate(request.json()),
                false,
                OptionalInt.empty(),
                request.json().bool("use_activation", true));
    }

    private static List<Prompt> inputs(RequestFields request, boolean takesPairs) {
        List<Prompt> inputs = PromptFields.read(request, "input", takesPairs);
        if (inputs.size() > MOST_INPUTS) {
            throw ApiException.field(
                    "input",
                    "input has "
                            + inputs.size()
                            + " texts, and a request may have "
                            + MOST_INPUTS
                            + ". Send several requests.");
        }
        return inputs;
    }

    private static OptionalInt truncate(JsonFields<ApiException> fields) {
        if (!fields.has(TRUNCATE)) {
            return OptionalInt.empty();
        }
        int most = (int) fields.whole(TRUNCATE, -1, Integer.MAX_VALUE);
        if (most == 0 || most == 1) {
            throw fields.wrong(TRUNCATE, "-1, or a number of tokens from 2");
        }
        return OptionalInt.of(most);
    }
}

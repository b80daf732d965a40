package dev.ligature.server.internal.request;

import dev.ligature.internal.json.JsonFields;
import dev.ligature.server.internal.answer.ApiException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reads texts that a request has as they are, as token ids, or as lists of these. */
final class PromptFields {
    private static final BigDecimal LARGEST_ID = BigDecimal.valueOf(Integer.MAX_VALUE);
    private static final String EXPECTED =
            "a text, a list of token ids, or a list of one or more of these";

    private final JsonFields<ApiException> fields;
    private final String name;
    private final boolean takesPairs;

    private PromptFields(JsonFields<ApiException> fields, String name, boolean takesPairs) {
        this.fields = fields;
        this.name = name;
        this.takesPairs = takesPairs;
    }

    /**
     * Reads a field.
     *
     * @param takesPairs whether an element may be an object {@code {"text": …, "text_pair": …}}
     * @return one prompt at least
     * @throws ApiException if it is missing, or something else
     */
    static List<Prompt> read(RequestFields request, String name, boolean takesPairs) {
        PromptFields reader = new PromptFields(request.json(), name, takesPairs);
        request.require(name, reader.expected());
        return reader.read();
    }

    private String expected() {
        return takesPairs ? EXPECTED + ", or of objects with text and text_pair" : EXPECTED;
    }

    private List<Prompt> read() {
        Object value = fields.value(name);
        if (value instanceof String text) {
            return List.of(new Prompt.Text(text));
        }
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            throw wrong();
        }
        if (list.get(0) instanceof BigDecimal) {
            return List.of(new Prompt.Ids(fields.naturals(name)));
        }
        return list.stream().map(this::element).toList();
    }

    private Prompt element(Object element) {
        if (element instanceof String text) {
            return new Prompt.Text(text);
        }
        if (takesPairs && element instanceof Map<?, ?> pair) {
            return pair(pair);
        }
        if (!(element instanceof List<?> list)) {
            throw wrong();
        }
        List<Long> ids = new ArrayList<>();
        for (Object id : list) {
            if (!(id instanceof BigDecimal number)
                    || number.scale() != 0
                    || number.signum() < 0
                    || number.compareTo(LARGEST_ID) > 0) {
                throw wrong();
            }
            ids.add(number.longValueExact());
        }
        return new Prompt.Ids(ids);
    }

    private Prompt pair(Map<?, ?> pair) {
        if (pair.size() != 2
                || !(pair.get("text") instanceof String first)
                || !(pair.get("text_pair") instanceof String second)) {
            throw wrong();
        }
        return new Prompt.Pair(first, second);
    }

    private ApiException wrong() {
        return fields.wrong(name, expected());
    }
}

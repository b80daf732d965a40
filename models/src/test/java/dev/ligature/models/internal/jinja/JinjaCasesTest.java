package dev.ligature.models.internal.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Templates that Jinja2 rendered with the settings of Transformers, or refused. */
final class JinjaCasesTest {
    private static final JsonObject FILE = file();

    private static JsonObject file() {
        try (Reader reader =
                new InputStreamReader(
                        JinjaCasesTest.class.getResourceAsStream("/chat/jinja.json"),
                        StandardCharsets.UTF_8)) {
            return JsonParser.parseReader(reader).getAsJsonObject();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<JsonObject> rendered() {
        return cases().filter(each -> !each.get("text").isJsonNull());
    }

    static Stream<JsonObject> refused() {
        return cases().filter(each -> each.get("text").isJsonNull());
    }

    private static Stream<JsonObject> cases() {
        return FILE.getAsJsonArray("cases").asList().stream().map(JsonElement::getAsJsonObject);
    }

    @ParameterizedTest
    @MethodSource("rendered")
    void text_isThatOfJinja2(JsonObject each) {
        assertEquals(each.get("text").getAsString(), render(each.get("template").getAsString()));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatJinja2Refuses_isRefused(JsonObject each) {
        String template = each.get("template").getAsString();

        JinjaException error = assertThrows(JinjaException.class, () -> render(template));

        assertEquals(1, error.line(), error.text());
        assertEquals(template.contains("raise_exception"), error.isRaised());
    }

    @Test
    void thereAreCasesOfBothKinds() {
        assertTrue(rendered().count() > 60);
        assertTrue(refused().count() > 20);
    }

    private static String render(String template) {
        @SuppressWarnings("unchecked") // the document is an object
        Map<String, Object> variables = (Map<String, Object>) value(FILE.get("variables"));
        ZonedDateTime now = ZonedDateTime.of(2026, 3, 4, 5, 6, 7, 0, ZoneOffset.UTC);
        return Template.parse(template).render(variables, now, Limits.DEFAULT).text();
    }

    private static Object value(JsonElement json) {
        if (json.isJsonNull()) {
            return None.NONE;
        }
        if (json.isJsonArray()) {
            List<Object> list = new ArrayList<>();
            json.getAsJsonArray().forEach(item -> list.add(value(item)));
            return list;
        }
        if (json.isJsonObject()) {
            Map<Object, Object> map = new LinkedHashMap<>();
            json.getAsJsonObject()
                    .entrySet()
                    .forEach(m -> map.put(m.getKey(), value(m.getValue())));
            return map;
        }
        JsonPrimitive primitive = json.getAsJsonPrimitive();
        if (primitive.isBoolean()) {
            return primitive.getAsBoolean();
        }
        if (primitive.isString()) {
            return primitive.getAsString();
        }
        String number = primitive.getAsString();
        return number.contains(".") ? (Object) Double.valueOf(number) : Long.valueOf(number);
    }
}

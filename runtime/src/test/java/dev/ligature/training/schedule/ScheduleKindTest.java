package dev.ligature.training.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.training.tracker.Tracker;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.LoraException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The rates are those of {@code interop/make_schedule_numbers.py}, by Transformers. */
final class ScheduleKindTest {
    @Test
    void everyRate_isThatOfTransformers() throws IOException {
        JsonArray cases;
        try (InputStream in =
                ScheduleKindTest.class.getResourceAsStream("/training/schedules.json")) {
            cases =
                    JsonParser.parseReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                            .getAsJsonObject()
                            .getAsJsonArray("cases");
        }
        assertEquals(15, cases.size());
        for (JsonElement each : cases) {
            JsonObject expected = each.getAsJsonObject();
            Tracker schedule =
                    ScheduleKind.valueOf(expected.get("kind").getAsString())
                            .of(
                                    expected.get("rate").getAsDouble(),
                                    expected.get("warmup").getAsInt(),
                                    expected.get("steps").getAsInt());
            JsonArray rates = expected.getAsJsonArray("rates");
            for (int i = 0; i < rates.size(); i++) {
                double rate = rates.get(i).getAsDouble();
                String what = expected.get("kind") + " " + expected.get("warmup") + " " + (i + 1);
                assertEquals(rate, schedule.getNewValue(i + 1), 1e-7 * rate + 1e-18, what);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aScheduleWithoutSteps_isRefused(ScheduleKind kind) {
        LoraException error = assertThrows(LoraException.class, () -> kind.of(0.1, 0, 0));
        assertEquals("TrainConfig", error.code());
        assertTrue(error.getMessage().contains("is 0 and 0"), error.getMessage());
        assertThrows(LoraException.class, () -> kind.of(0.1, -1, 10));
    }
}

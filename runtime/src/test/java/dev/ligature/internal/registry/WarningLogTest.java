package dev.ligature.internal.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.plan.PlanWarning;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class WarningLogTest {
    private static PlanWarning warning(String code, int number) {
        return new PlanWarning(code, "number " + number);
    }

    @Test
    void aWarning_isNewOnce() {
        WarningLog news = new WarningLog();
        List<PlanWarning> first = List.of(warning("A", 1), warning("B", 1));
        assertEquals(first, news.of(first));
        assertEquals(List.of(), news.of(first));
        assertEquals(List.of(warning("A", 2)), news.of(List.of(warning("A", 1), warning("A", 2))));
    }

    @Test
    void noneIsLost_whenThereAreTooManyToRemember() {
        WarningLog news = new WarningLog();
        List<PlanWarning> many = new ArrayList<>();
        for (int i = 0; i < 1200; i++) {
            many.add(warning("A", i));
        }
        assertEquals(many, news.of(many));
        assertEquals(many.subList(1000, 1200), news.of(many));
    }
}

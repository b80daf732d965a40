package dev.ligature.internal.resolve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.internal.diag.ErrorPage;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class PlanMessageTest {
    @Test
    void whatCanBeAWarning_isMarkedAsSuchOnThePage() throws IOException {
        ErrorPage page = ErrorPage.read();
        for (PlanMessage message : PlanMessage.values()) {
            boolean warning =
                    Arrays.stream(PlanMessage.values())
                            .filter(other -> other.code().equals(message.code()))
                            .map(PlanMessage::severity)
                            .anyMatch(s -> s.isWarning(true) || s.isWarning(false));
            assertEquals(warning, page.entry(message.code()).contains("**Warning"), message.code());
        }
    }
}

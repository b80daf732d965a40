package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import org.junit.jupiter.api.function.Executable;

/** Asserts that something is refused, with the code and the words that it must have. */
public final class Refused {
    private Refused() {}

    public static void with(String code, Executable action, String... parts) {
        LoraException error = assertThrows(LoraException.class, action);
        String message = String.valueOf(error.getMessage());
        assertEquals(code, error.code(), message);
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }
}

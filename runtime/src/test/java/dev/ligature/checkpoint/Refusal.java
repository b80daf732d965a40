package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/** Asserts that something is refused, with the code and the words that it must have. */
public final class Refusal {
    private Refusal() {}

    /** Returns the message of the error that the action ends with. */
    public static String of(String code, Executable action, String... parts) {
        CheckpointException error = assertThrows(CheckpointException.class, action);
        String message = String.valueOf(error.getMessage());
        assertEquals(code, error.code(), message);
        assertTrue(message.startsWith("[" + code + "] "), message);
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
        return message;
    }
}

package dev.ligature.internal.files;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import org.junit.jupiter.api.Test;

final class InterruptionTest {
    @Test
    void aTimeOut_isNoInterruption() {
        assertTrue(Interruption.is(new InterruptedIOException()));
        assertTrue(Interruption.is(new ClosedByInterruptException()));
        assertFalse(Interruption.is(new SocketTimeoutException()));
        assertFalse(Interruption.is(new IOException()));
        assertFalse(Interruption.is(null));
    }
}

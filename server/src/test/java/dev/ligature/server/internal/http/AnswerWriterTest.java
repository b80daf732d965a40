package dev.ligature.server.internal.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.internal.answer.ApiException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Answers to clients that read as slowly as they like. */
final class AnswerWriterTest {
    private final Connection connection = new Connection();
    private final List<AnswerWriter> unread = new ArrayList<>();
    private final AnswerRoom room = new AnswerRoom(1000);
    private final AnswerWriter writer =
            new AnswerWriter(
                    connection.response(), room, () -> connection.isToBeClosed = true, unread::add);

    /** A connection that takes so many writes before its client has to read. */
    private static final class Connection {
        final Buffer written = Buffer.buffer();
        int room = Integer.MAX_VALUE;
        int writes;
        boolean headWritten;
        boolean ended;
        boolean closed;
        boolean isToBeClosed;
        Handler<Void> drained;

        private Object write(Object[] arguments) {
            if (arguments != null) {
                written.appendBuffer((Buffer) arguments[0]);
            }
            writes++;
            room--;
            headWritten = true;
            return Future.succeededFuture();
        }

        @SuppressWarnings("unchecked")
        HttpServerResponse response() {
            return proxy(
                    HttpServerResponse.class,
                    (name, arguments) ->
                            switch (name) {
                                case "write" -> write(arguments);
                                case "end" -> {
                                    ended = true;
                                    yield write(arguments);
                                }
                                case "writeQueueFull" -> room <= 0;
                                case "headWritten" -> headWritten;
                                case "ended" -> ended;
                                case "closed" -> closed;
                                case "drainHandler" -> {
                                    drained = (Handler<Void>) arguments[0];
                                    yield null;
                                }
                                default -> null;
                            });
        }

        /** Reads what so many writes have sent. */
        void read(int more) {
            room = more;
            drained.handle(null);
        }
    }

    private interface Calls {
        Object call(String name, Object[] arguments);
    }

    private static <T> T proxy(Class<T> type, Calls calls) {
        return type.cast(
                Proxy.newProxyInstance(
                        AnswerWriterTest.class.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, arguments) -> {
                            Object result = calls.call(method.getName(), arguments);
                            return result == null && method.getReturnType().isInstance(proxy)
                                    ? proxy
                                    : result;
                        }));
    }

    @Test
    void aShortAnswer_isOneWrite() {
        writer.json(200, "{}");
        assertEquals("{}\n", connection.written.toString());
        assertEquals(1, connection.writes);
        assertTrue(writer.done().succeeded());
        assertEquals(List.of(), unread);
    }

    @Test
    void aLongAnswer_isWrittenAsItIsRead_andItsClientIsToldOf() {
        connection.room = 2;
        String body = "ü".repeat(40_000); // its characters are cut in two
        writer.json(200, body);
        assertEquals(2, connection.writes);
        assertEquals(List.of(writer), unread);
        connection.read(1);
        assertEquals(3, connection.writes);
        assertFalse(writer.done().isComplete());
        connection.read(100);
        assertTrue(writer.done().succeeded());
        assertEquals(body + "\n", connection.written.toString());
    }

    @Test
    void events_waitInTheirOrder_andTheirEndWithThem() {
        connection.room = 1;
        writer.event("a");
        writer.event("b");
        writer.event("[DONE]");
        writer.endEvents();
        assertEquals("data: a\n\n", connection.written.toString());
        assertFalse(connection.ended);
        assertEquals(9 + 14 + 2 * 128, room.used());
        connection.read(100);
        assertEquals(0, room.used());
        assertEquals("data: a\n\ndata: b\n\ndata: [DONE]\n\n", connection.written.toString());
        assertTrue(connection.ended);
        assertTrue(writer.done().succeeded());
    }

    @Test
    void aClientThatIsCutOff_getsNothingMore_andItsConnectionIsClosed() {
        connection.room = 1;
        writer.json(200, "x".repeat(100_000));
        writer.cutOff();
        assertTrue(writer.done().failed());
        assertTrue(connection.isToBeClosed);
        connection.read(100);
        assertEquals(1, connection.writes);
        assertFalse(connection.ended, "half an answer must not look like a whole one");
    }

    @Test
    void eventsThatNobodyReads_areDropped_whereThereIsNoRoomForThem() {
        connection.room = 1;
        writer.event("a");
        for (int i = 0; i < 10 && !writer.done().isComplete(); i++) {
            writer.event("x".repeat(200));
        }
        assertTrue(writer.done().failed(), room.used() + " bytes");
        assertTrue(connection.isToBeClosed, "or the client would wait for the rest");
        assertEquals(0, room.used());
        writer.endEvents();
        assertEquals("data: a\n\n", connection.written.toString());
        assertFalse(connection.ended);
    }

    @Test
    void eventsThatAreRead_needNoRoom() {
        assertTrue(room.offer(1000));
        for (int i = 0; i < 100; i++) {
            writer.event("x".repeat(200));
        }
        writer.endEvents();
        assertTrue(writer.done().succeeded());
        assertEquals(1000, room.used());
    }

    @Test
    void whoHasReadAll_isNotCutOff() {
        writer.json(200, "{}");
        writer.cutOff();
        assertFalse(connection.isToBeClosed);
        assertTrue(writer.done().succeeded());
    }

    @Test
    void anError_isAnEventOnceOthersWereSent() {
        writer.event("a");
        writer.error(ApiException.of(503, "timeout", "Too late."));
        String text = connection.written.toString();
        assertTrue(text.startsWith("data: a\n\ndata: {\"error\""), text);
        assertTrue(connection.ended);
    }

    @Test
    void aClientThatIsGone_getsNothing() {
        connection.closed = true;
        writer.event("a");
        writer.json(200, "{}");
        assertEquals(0, connection.writes);
        assertTrue(writer.done().failed());
    }
}

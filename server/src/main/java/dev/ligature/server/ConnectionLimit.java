package dev.ligature.server;

import io.vertx.core.http.HttpConnection;
import java.util.concurrent.atomic.AtomicInteger;

/** Closes connections beyond a number as soon as they are made: each one takes memory. */
final class ConnectionLimit {
    private final int most;
    private final AtomicInteger open = new AtomicInteger();

    ConnectionLimit(int most) {
        this.most = most;
    }

    /** Takes a new connection. */
    void accept(HttpConnection connection) {
        if (open.incrementAndGet() > most) {
            connection.close();
        }
        connection.closeHandler(v -> open.decrementAndGet());
    }

    /** Returns how many connections are open. */
    int open() {
        return open.get();
    }
}

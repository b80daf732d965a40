package dev.ligature.server.internal.http;

import io.vertx.core.http.HttpConnection;
import java.util.concurrent.atomic.AtomicInteger;

/** Closes connections beyond a number as soon as they are made: each one takes memory. */
public final class ConnectionLimit {
    private final int most;
    private final AtomicInteger open = new AtomicInteger();

    public ConnectionLimit(int most) {
        this.most = most;
    }

    /** Takes a new connection. */
    public void accept(HttpConnection connection) {
        if (open.incrementAndGet() > most) {
            connection.close();
        }
        connection.closeHandler(v -> open.decrementAndGet());
    }

    /** Returns how many connections are open. */
    public int open() {
        return open.get();
    }
}

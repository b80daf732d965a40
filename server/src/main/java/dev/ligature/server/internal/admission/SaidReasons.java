package dev.ligature.server.internal.admission;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The last reason that was logged for each adapter that cannot be used. Thread-safe. */
final class SaidReasons {
    private static final int MOST = 10_000;

    private final Map<String, String> said = new ConcurrentHashMap<>();

    /** Returns whether a reason is another than the last one of an adapter, and remembers it. */
    boolean isNews(String name, String reason) {
        if (said.size() > MOST) {
            said.clear();
        }
        return !reason.equals(said.put(name, reason));
    }
}

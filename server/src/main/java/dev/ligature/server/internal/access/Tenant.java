package dev.ligature.server.internal.access;

import java.util.function.LongSupplier;

/** The owner of a key, with what they have used of it lately. Thread-safe. */
public final class Tenant {
    private final LongSupplier nanoTime;
    private final MinuteBudget requests;
    private final MinuteBudget tokens;
    private KeyRule rule;
    private long open; // requests

    Tenant(KeyRule rule, LongSupplier nanoTime) {
        this.rule = rule;
        this.nanoTime = nanoTime;
        this.requests = new MinuteBudget(rule.requestsPerMinute(), nanoTime.getAsLong());
        this.tokens = new MinuteBudget(rule.tokensPerMinute(), nanoTime.getAsLong());
    }

    /** Changes what the key may do; what was used of it stays used. */
    public synchronized void update(KeyRule newRule) {
        rule = newRule;
        requests.limit(newRule.requestsPerMinute(), nanoTime.getAsLong());
        tokens.limit(newRule.tokensPerMinute(), nanoTime.getAsLong());
    }

    /** Returns the SHA-256 of its key. */
    synchronized String hash() {
        return rule.hash();
    }

    /** Returns what logs call it. */
    public synchronized String name() {
        return rule.name();
    }

    /** Returns whether it may see the metrics, and load and unload adapters. */
    public synchronized boolean isAdmin() {
        return rule.admin();
    }

    /** Returns whether it may use a model; of others it is not to hear that they exist. */
    public synchronized boolean mayUse(String model) {
        return rule.models() == null || rule.models().contains(model);
    }

    /**
     * Begins a request, to be ended.
     *
     * @throws AccessException if a limit is reached; nothing is counted then
     */
    public synchronized void begin() throws AccessException {
        long now = nanoTime.getAsLong();
        if (rule.inFlight() > 0 && open >= rule.inFlight()) {
            throw AccessException.limited(1, "as many requests under way as it may");
        }
        int wait = requests.secondsUntil(1, now);
        if (wait > 0) {
            throw AccessException.limited(wait, "made as many requests as it may in a minute");
        }
        wait = tokens.secondsUntil(1, now);
        if (wait > 0) {
            throw AccessException.limited(wait, "used as many tokens as it may in a minute");
        }
        requests.take(1, now);
        open++;
    }

    /**
     * Ends a request.
     *
     * @param used its tokens, those of the prompt included
     */
    public synchronized void end(long used) {
        open--;
        tokens.take(used, nanoTime.getAsLong());
    }
}

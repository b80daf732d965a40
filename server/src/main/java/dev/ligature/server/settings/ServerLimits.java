package dev.ligature.server.settings;

/**
 * What a server takes on.
 *
 * @param batch the most texts that grow together
 * @param waiting the most requests that wait for a place; what comes then is refused with 429
 * @param tokens the most new tokens of one request
 * @param bodyBytes the most bytes of one request's body; more is refused with 413
 * @param requestSeconds how long a request may take, waiting included
 * @param shutdownSeconds how long requests under way may take once the server is asked to stop
 * @param connections the most connections; further ones are closed at once
 * @param adapterLabels how many adapters metrics tell apart, the busiest; the rest are one
 * @param cache how prompts are read, and how many keys and values are held
 */
public record ServerLimits(
        int batch,
        int waiting,
        int tokens,
        int bodyBytes,
        int requestSeconds,
        int shutdownSeconds,
        int connections,
        int adapterLabels,
        ServerCache cache) {
    /** The limits that the command line has unless told otherwise. */
    public static final ServerLimits DEFAULTS = new ServerLimits(8, 64, 512, 1 << 20, 120, 30);

    private static final int CONNECTIONS = 1024;
    private static final int ADAPTER_LABELS = 20;

    /** Creates limits with metrics of 20 adapters, and the cache that the command line has. */
    public ServerLimits(
            int batch,
            int waiting,
            int tokens,
            int bodyBytes,
            int requestSeconds,
            int shutdownSeconds,
            int connections) {
        this(
                batch,
                waiting,
                tokens,
                bodyBytes,
                requestSeconds,
                shutdownSeconds,
                connections,
                ADAPTER_LABELS,
                ServerCache.DEFAULTS);
    }

    /** Returns these limits with another cache. */
    public ServerLimits withCache(ServerCache other) {
        return new ServerLimits(
                batch,
                waiting,
                tokens,
                bodyBytes,
                requestSeconds,
                shutdownSeconds,
                connections,
                adapterLabels,
                other);
    }

    /** Creates limits with 1024 connections, and else as the other constructor. */
    public ServerLimits(
            int batch,
            int waiting,
            int tokens,
            int bodyBytes,
            int requestSeconds,
            int shutdownSeconds) {
        this(batch, waiting, tokens, bodyBytes, requestSeconds, shutdownSeconds, CONNECTIONS);
    }
}

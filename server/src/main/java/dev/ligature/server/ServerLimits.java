package dev.ligature.server;

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
 */
public record ServerLimits(
        int batch,
        int waiting,
        int tokens,
        int bodyBytes,
        int requestSeconds,
        int shutdownSeconds,
        int connections) {
    /** The limits that the command line has unless told otherwise. */
    public static final ServerLimits DEFAULTS = new ServerLimits(8, 64, 512, 1 << 20, 120, 30);

    private static final int CONNECTIONS = 1024;

    /** Creates limits with 1024 connections. */
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

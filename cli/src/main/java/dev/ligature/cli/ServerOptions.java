package dev.ligature.cli;

import dev.ligature.server.settings.ServerCache;
import dev.ligature.server.settings.ServerLimits;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how much a server takes on. */
final class ServerOptions {
    @Option(
            names = "--max-batch",
            defaultValue = "8",
            paramLabel = "N",
            description = "The most completions that are computed together. Default: 8.")
    private int batch;

    @Option(
            names = "--max-waiting",
            defaultValue = "64",
            paramLabel = "N",
            description = "The most requests that wait; more get status 429. Default: 64.")
    private int waiting;

    @Option(
            names = "--max-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description = "The most new tokens that a request may ask for. Default: 512.")
    private int tokens;

    @Option(
            names = "--max-body",
            defaultValue = "1048576",
            paramLabel = "BYTES",
            description = "The largest request; larger ones get status 413. Default: 1048576.")
    private int bodyBytes;

    @Option(
            names = "--request-timeout",
            defaultValue = "120",
            paramLabel = "SECONDS",
            description = "How long a request may take, waiting included. Default: 120.")
    private int requestSeconds;

    @Option(
            names = "--shutdown-timeout",
            defaultValue = "30",
            paramLabel = "SECONDS",
            description = "How long requests under way may take when it stops. Default: 30.")
    private int shutdownSeconds;

    @Option(
            names = "--max-connections",
            defaultValue = "1024",
            paramLabel = "N",
            description = "The most connections; further ones are closed. Default: 1024.")
    private int connections;

    @Option(
            names = "--metrics-adapters",
            defaultValue = "20",
            paramLabel = "N",
            description =
                    "How many adapters /metrics tells apart, the busiest; the rest are \"other\"."
                            + " Default: 20.")
    private int adapterLabels;

    @Option(
            names = "--prefill-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description =
                    "The most tokens of prompts that are read between two tokens of other texts."
                            + " Default: 512.")
    private int prefillTokens;

    @Option(
            names = "--cache-memory",
            paramLabel = "MIB",
            description =
                    "The most memory for keys and values, in MiB. Default: a quarter of the"
                            + " machine's memory.")
    private @Nullable Integer cacheMemory;

    @Option(
            names = "--no-prefix-cache",
            description =
                    "Keeps no keys and values for requests that begin like earlier ones of the same"
                            + " adapter.")
    private boolean forgetsPrefixes;

    private ServerCache cache() {
        OptionChecks.atLeast("--prefill-tokens", prefillTokens, 1);
        long bytes = ServerCache.DEFAULTS.bytes();
        Integer mebibytes = cacheMemory;
        if (mebibytes != null) {
            OptionChecks.atLeast("--cache-memory", mebibytes, 1);
            bytes = (long) mebibytes << 20;
        }
        return new ServerCache(prefillTokens, bytes, !forgetsPrefixes);
    }

    ServerLimits limits() {
        OptionChecks.atLeast("--max-batch", batch, 1);
        OptionChecks.atLeast("--max-waiting", waiting, 0);
        OptionChecks.atLeast("--max-tokens", tokens, 1);
        OptionChecks.atLeast("--max-body", bodyBytes, 1);
        OptionChecks.atLeast("--request-timeout", requestSeconds, 1);
        OptionChecks.atLeast("--shutdown-timeout", shutdownSeconds, 0);
        OptionChecks.atLeast("--max-connections", connections, 1);
        OptionChecks.atLeast("--metrics-adapters", adapterLabels, 0);
        return new ServerLimits(
                batch,
                waiting,
                tokens,
                bodyBytes,
                requestSeconds,
                shutdownSeconds,
                connections,
                adapterLabels,
                cache());
    }
}

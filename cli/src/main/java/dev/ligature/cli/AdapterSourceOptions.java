package dev.ligature.cli;

import dev.ligature.store.AdapterFolder;
import dev.ligature.store.AdapterSource;
import dev.ligature.store.remote.CachedAdapters;
import dev.ligature.store.remote.HttpAdapters;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say where a server's adapters come from. */
final class AdapterSourceOptions {
    private static final int CACHE_MIB = 10_240;
    private static final int RECHECK_SECONDS = 5;

    @Option(
            names = "--adapters",
            paramLabel = "DIR",
            description =
                    "Has a folder for each adapter, as PEFT saves one; its name is the model's.")
    private @Nullable Path directory;

    @Option(
            names = "--adapter-source",
            paramLabel = "URL",
            description = {
                "In place of --adapters: an http or https address that has, for each adapter, a",
                "folder with its files and their SHA256SUMS, and index.txt with the names of all."
            })
    private @Nullable URI source;

    @Option(
            names = "--adapter-cache",
            paramLabel = "DIR",
            description =
                    "With --adapter-source: takes copies of adapters. Of one process at a time.")
    private @Nullable Path cache;

    @Option(
            names = "--adapter-cache-size",
            paramLabel = "MIB",
            description =
                    "With --adapter-source: the most bytes of copies on disk, in MiB. Default:"
                            + " 10240.")
    private @Nullable Integer cacheSize;

    @Option(
            names = "--adapter-recheck",
            paramLabel = "SECONDS",
            description =
                    "How long an answer of the --adapter-source holds before it is asked again"
                            + " whether an adapter has changed. Default: 5.")
    private @Nullable Integer recheck;

    @Option(
            names = "--adapter-fetch-timeout",
            paramLabel = "SECONDS",
            description =
                    "With --adapter-source: how long all files of an adapter may take to come."
                            + " Default: 900.")
    private @Nullable Integer fetchTimeout;

    @Option(
            names = "--adapter-source-token",
            paramLabel = "FILE",
            description =
                    "Has the token that is sent to the --adapter-source (authorization: Bearer).")
    private @Nullable Path token;

    /** Where adapters come from, to be closed after what uses it. */
    record Opened(AdapterSource source, @Nullable CachedAdapters cache) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            if (cache != null) {
                cache.close();
            }
        }
    }

    /** Opens the source that the options name. */
    Opened open() throws IOException {
        if ((directory == null) == (source == null)) {
            throw new BadInputException(
                    "The adapters come from --adapters or from --adapter-source. Give one of them.");
        }
        if (source == null) {
            refuseWithoutSource("--adapter-cache", cache);
            refuseWithoutSource("--adapter-cache-size", cacheSize);
            refuseWithoutSource("--adapter-recheck", recheck);
            refuseWithoutSource("--adapter-fetch-timeout", fetchTimeout);
            refuseWithoutSource("--adapter-source-token", token);
            return new Opened(new AdapterFolder(Objects.requireNonNull(directory)), null);
        }
        if (cache == null) {
            throw new BadInputException(
                    "--adapter-source needs a directory for copies. Name one with --adapter-cache.");
        }
        int mebibytes = cacheSize == null ? CACHE_MIB : cacheSize;
        int seconds = recheck == null ? RECHECK_SECONDS : recheck;
        OptionChecks.atLeast("--adapter-cache-size", mebibytes, 1);
        OptionChecks.atLeast("--adapter-recheck", seconds, 0);
        if (fetchTimeout != null) {
            OptionChecks.atLeast("--adapter-fetch-timeout", fetchTimeout, 1);
        }
        HttpClient client =
                HttpClient.newBuilder()
                        .connectTimeout(Duration.ofSeconds(10))
                        .followRedirects(
                                token == null
                                        ? HttpClient.Redirect.NORMAL
                                        : HttpClient.Redirect.NEVER) // elsewhere with the token
                        .build();
        CachedAdapters opened =
                CachedAdapters.open(
                        HttpAdapters.of(source, client, headers()),
                        cache,
                        (long) mebibytes << 20,
                        Duration.ofSeconds(seconds),
                        fetchTimeout == null
                                ? CachedAdapters.FETCH_LIMIT
                                : Duration.ofSeconds(fetchTimeout));
        return new Opened(opened, opened);
    }

    private static void refuseWithoutSource(String option, @Nullable Object value) {
        if (value != null) {
            throw new BadInputException(
                    option
                            + " is for an --adapter-source, and has no effect with --adapters. Leave"
                            + " it out, or give the source's address.");
        }
    }

    private Map<String, String> headers() throws IOException {
        if (token == null) {
            return Map.of();
        }
        String text = Files.readString(token).strip();
        if (text.isEmpty() || text.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new BadInputException(
                    token + " does not have one token. Write it there, without spaces.");
        }
        return Map.of("authorization", "Bearer " + text);
    }
}

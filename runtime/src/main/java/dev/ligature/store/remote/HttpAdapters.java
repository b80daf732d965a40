package dev.ligature.store.remote;

import dev.ligature.Adapter;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Adapters behind HTTP or HTTPS, as any server of files offers them:
 *
 * <pre>
 * BASE/index.txt                                a name in each line
 * BASE/legal/SHA256SUMS                         the output of sha256sum over the following
 * BASE/legal/adapter_config.json
 * BASE/legal/adapter_model.safetensors
 * </pre>
 *
 * <p>To replace an adapter, put its files in place, then its {@code SHA256SUMS}. Whether that has
 * changed is asked with its {@code ETag} where the server gives one. Without {@code index.txt} the
 * adapters can be leased and not listed. Redirects are followed, but not from HTTPS to HTTP. An
 * answer may take 30 seconds to begin, and as long between two pieces of it; how long all of it may
 * take is {@link CachedAdapters}'s to say. Thread-safe.
 */
public final class HttpAdapters implements RemoteAdapters {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String INDEX = "index.txt";
    private static final int MOST_MANIFEST = 1 << 20;
    private static final int MOST_INDEX = 1 << 24;
    private static final int OK = 200;
    private static final int NOT_MODIFIED = 304;
    private static final int NOT_FOUND = 404;
    private static final int GONE = 410;

    private final URI base;
    private final HttpClient client;
    private final Map<String, String> headers;
    private final Duration patience;
    private final Map<String, Tagged> tagged = new ConcurrentHashMap<>();

    /** A manifest with the tag by which the server knows it. */
    private record Tagged(String tag, AdapterManifest manifest) {}

    HttpAdapters(URI base, HttpClient client, Map<String, String> headers, Duration patience) {
        String text = base.toString();
        if (!("http".equals(base.getScheme()) || "https".equals(base.getScheme()))
                || base.getHost() == null
                || base.getRawUserInfo() != null
                || base.getRawQuery() != null
                || base.getRawFragment() != null) {
            throw RemoteMessage.ADDRESS.error(withoutUser(base));
        }
        this.base = text.endsWith("/") ? base : URI.create(text + "/");
        this.client = client;
        this.headers = Map.copyOf(headers);
        this.patience = patience;
    }

    /**
     * Returns the adapters below an address.
     *
     * @param base an {@code http} or {@code https} address of a folder
     * @throws dev.ligature.LoraException if it is another one ({@code SourceAddress})
     */
    public static HttpAdapters of(URI base) {
        HttpClient client =
                HttpClient.newBuilder()
                        .connectTimeout(Duration.ofSeconds(10))
                        .followRedirects(HttpClient.Redirect.NORMAL)
                        .build();
        return of(base, client, Map.of());
    }

    /**
     * Returns the adapters below an address.
     *
     * @param base an {@code http} or {@code https} address of a folder
     * @param client what requests are made with: its proxy, certificates and redirects apply
     * @param headers sent with each request, such as {@code authorization}
     * @throws dev.ligature.LoraException if it is another one ({@code SourceAddress})
     */
    public static HttpAdapters of(URI base, HttpClient client, Map<String, String> headers) {
        Objects.requireNonNull(base, "base");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(headers, "headers");
        return new HttpAdapters(base, client, headers, PATIENCE);
    }

    @Override
    public Set<String> names() throws IOException {
        Set<String> names = new TreeSet<>();
        URI address = base.resolve(INDEX);
        HttpResponse<InputStream> response = send(address, null);
        try (InputStream body = response.body()) {
            if (isAbsent(response)) {
                return names;
            }
            checkOk(response);
            int number = 0;
            for (String line :
                    (Iterable<String>) text(address, body, MOST_INDEX).lines()::iterator) {
                number++;
                if (!line.isBlank() && !Adapter.isValidName(line.strip())) {
                    throw RemoteMessage.NAME.fileError(address, number, line);
                }
                if (!line.isBlank()) {
                    names.add(line.strip());
                }
            }
        }
        return names;
    }

    @Override
    public Optional<AdapterManifest> manifest(String name) throws IOException {
        Objects.requireNonNull(name, "name");
        URI address = address(name, AdapterManifest.FILE_NAME);
        Tagged last = tagged.get(name);
        HttpResponse<InputStream> response = send(address, last == null ? null : last.tag());
        try (InputStream body = response.body()) {
            if (isAbsent(response)) {
                tagged.remove(name);
                return Optional.empty();
            }
            if (response.statusCode() == NOT_MODIFIED && last != null) {
                return Optional.of(last.manifest());
            }
            checkOk(response);
            AdapterManifest manifest =
                    AdapterManifest.parse(text(address, body, MOST_MANIFEST), address.toString());
            Optional<String> tag = response.headers().firstValue("etag");
            if (tag.isPresent()) {
                tagged.put(name, new Tagged(tag.get(), manifest));
            } else {
                tagged.remove(name);
            }
            return Optional.of(manifest);
        }
    }

    /**
     * Opens a file.
     *
     * @throws FileNotFoundException if there is none
     */
    @Override
    public InputStream open(String name, String file) throws IOException {
        Objects.requireNonNull(name, "name");
        URI address = address(name, Objects.requireNonNull(file, "file"));
        HttpResponse<InputStream> response = send(address, null);
        boolean opened = false;
        try {
            if (isAbsent(response)) {
                throw new FileNotFoundException(address.toString());
            }
            checkOk(response);
            opened = true;
            InputStream body = new TimedStream(response.body(), address.toString(), patience);
            OptionalLong length = response.headers().firstValueAsLong("content-length");
            return length.isPresent() ? new SizedStream(body, length.getAsLong()) : body;
        } finally {
            if (!opened) {
                response.body().close();
            }
        }
    }

    private URI address(String name, String file) {
        // A file's name is plain, but may have spaces and the like.
        String encoded = URLEncoder.encode(file, StandardCharsets.UTF_8).replace("+", "%20");
        return base.resolve(name + "/" + encoded);
    }

    private HttpResponse<InputStream> send(URI address, @Nullable String tag) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address).timeout(patience);
        headers.forEach(request::setHeader);
        if (tag != null) {
            request.setHeader("if-none-match", tag);
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException)
                    new InterruptedIOException("interrupted while " + address + " is read")
                            .initCause(e);
        } catch (IOException e) {
            throw TimedStream.unreachable(address.toString(), e);
        }
    }

    private static boolean isAbsent(HttpResponse<?> response) {
        return response.statusCode() == NOT_FOUND || response.statusCode() == GONE;
    }

    private static void checkOk(HttpResponse<?> response) throws IOException {
        if (response.statusCode() != OK) {
            throw RemoteMessage.STATUS.fileError(response.uri(), response.statusCode());
        }
    }

    private String text(URI address, InputStream body, int most) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try (InputStream in = new TimedStream(body, address.toString(), patience)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                bytes.write(buffer, 0, read);
                if (bytes.size() > most) {
                    throw RemoteMessage.TOO_LONG.fileError(address, most);
                }
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** A password must not get into a message. */
    private static String withoutUser(URI base) {
        String user = base.getRawUserInfo();
        return user == null ? base.toString() : base.toString().replace(user + "@", "…@");
    }

    /** Returns the address, without a slash at its end. */
    @Override
    public String toString() {
        String text = base.toString();
        return text.substring(0, text.length() - 1);
    }
}

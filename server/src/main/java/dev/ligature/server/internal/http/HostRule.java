package dev.ligature.server.internal.http;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.settings.ServerAddress;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The names by which requests may call the server. A web page of a stranger can point a name of its
 * own at this machine (DNS rebinding) and then ask from the browser of whoever looks at it; the
 * browser sends that name as {@code Host}. Addresses are no such names.
 */
public final class HostRule {
    private static final Pattern ADDRESS =
            Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+]");

    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]");

    private final Set<String> names = new HashSet<>(Set.of("localhost"));

    public HostRule(ServerAddress address) {
        names.add(address.host().toLowerCase(Locale.ROOT));
        address.allowedHosts().forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
    }

    /**
     * Checks a request.
     *
     * @throws ApiException if it has no host or several, calls the server by another name, or comes
     *     from a page of another host
     */
    void check(HttpServerRequest request) {
        List<String> hosts = request.headers().getAll("host");
        if (hosts.size() != 1) {
            throw ApiException.of(
                    400, "host", "A request has one Host header, and not " + hosts.size() + ".");
        }
        String host = name(hosts.get(0));
        if (!names.contains(host) && !ADDRESS.matcher(host).matches()) {
            throw ApiException.of(
                    403,
                    "host_not_allowed",
                    "The server does not answer to this host name. Use its address, or start it"
                            + " with --allowed-host.");
        }
        String origin = request.getHeader("origin");
        if (origin != null && !isOwn(hostOf(origin), host)) {
            throw ApiException.of(
                    403,
                    "origin_not_allowed",
                    "The server does not answer to pages of this origin. Start it with"
                            + " --allowed-host.");
        }
    }

    /** A page of this server, or of this machine, or of an allowed host. */
    private boolean isOwn(@Nullable String origin, String host) {
        return origin != null
                && (origin.equals(host) || names.contains(origin) || LOOPBACK.contains(origin));
    }

    private static String name(String host) {
        return host.toLowerCase(Locale.ROOT).replaceFirst(":\\d*$", "");
    }

    private static @Nullable String hostOf(String origin) {
        try {
            String host = new URI(origin).getHost();
            return host == null ? null : host.toLowerCase(Locale.ROOT);
        } catch (URISyntaxException e) {
            return null; // such as "null", of a page without origin
        }
    }
}

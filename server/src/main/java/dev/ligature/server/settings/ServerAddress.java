package dev.ligature.server.settings;

import java.util.List;

/**
 * Where a server listens.
 *
 * @param host a name or an address of this machine; 127.0.0.1 is seen by this machine only
 * @param port a port, or 0 for any that is free
 * @param allowedHosts the names that requests may call it by, besides its host, {@code localhost}
 *     and addresses
 */
public record ServerAddress(String host, int port, List<String> allowedHosts) {
    /** Copies the list. */
    public ServerAddress {
        allowedHosts = List.copyOf(allowedHosts);
    }

    /** Creates the address of a server without further names. */
    public ServerAddress(String host, int port) {
        this(host, port, List.of());
    }
}

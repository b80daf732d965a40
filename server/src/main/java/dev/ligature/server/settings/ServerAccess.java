package dev.ligature.server.settings;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Who may reach a server, and how.
 *
 * @param keys the file of keys; null if none are asked for
 * @param auditLog takes a line for each request; null for none
 * @param certificate a file in PEM, for TLS; null for none
 * @param privateKey its key in PKCS#8, in PEM; null for none
 */
public record ServerAccess(
        @Nullable Path keys,
        @Nullable Path auditLog,
        @Nullable Path certificate,
        @Nullable Path privateKey) {
    /** Anybody, without TLS. */
    public static final ServerAccess OPEN = new ServerAccess(null, null, null, null);

    /** Checks that certificate and key come together. */
    public ServerAccess {
        if ((certificate == null) != (privateKey == null)) {
            throw new IllegalArgumentException(
                    "TLS takes a certificate and its key. Give both, or none.");
        }
    }
}

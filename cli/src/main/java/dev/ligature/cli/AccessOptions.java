package dev.ligature.cli;

import dev.ligature.server.settings.ServerAccess;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say who may reach a server, and how. */
final class AccessOptions {
    @Option(
            names = "--api-keys",
            paramLabel = "FILE",
            description =
                    "Keys that requests must have, with what they may use; read again when it"
                            + " changes. Default: nobody is asked for a key.")
    private @Nullable Path keys;

    @Option(
            names = "--audit-log",
            paramLabel = "FILE",
            description = "Takes a line of JSON for each request.")
    private @Nullable Path auditLog;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "A certificate in PEM, and its chain: the server speaks HTTPS.")
    private @Nullable Path certificate;

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            description = "The key of --tls-cert, in PEM (PKCS#8).")
    private @Nullable Path privateKey;

    ServerAccess access() {
        if ((certificate == null) != (privateKey == null)) {
            throw new BadInputException(
                    "--tls-cert and --tls-key go together. Give both, or none.");
        }
        return new ServerAccess(keys, auditLog, certificate, privateKey);
    }
}

package dev.ligature.server;

import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** TLS by the JDK's own implementation. */
final class Tls {
    private Tls() {}

    /**
     * Returns options of a server, with TLS if there is a certificate.
     *
     * @throws IOException if a file cannot be read
     */
    static HttpServerOptions options(ServerAccess access) throws IOException {
        HttpServerOptions options = new HttpServerOptions();
        Path certificate = access.certificate();
        Path key = access.privateKey();
        if (certificate != null && key != null) {
            checkPem(certificate, "-----BEGIN CERTIFICATE-----");
            checkPem(key, "-----BEGIN PRIVATE KEY-----");
            options.setSsl(true)
                    .setUseAlpn(false) // HTTP/1.1 alone
                    .setKeyCertOptions(
                            new PemKeyCertOptions()
                                    .setCertPath(certificate.toString())
                                    .setKeyPath(key.toString()));
        }
        return options;
    }

    private static void checkPem(Path file, String begin) throws IOException {
        if (!Files.readString(file).contains(begin)) {
            throw new IOException(
                    file + " has no line " + begin + ". Give it in PEM; the key in PKCS#8.");
        }
    }
}

package dev.ligature.server.internal.http;

import dev.ligature.server.settings.ServerAccess;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** TLS by the JDK's own implementation. */
public final class Tls {
    private static final Pattern KEY =
            Pattern.compile(
                    "-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private Tls() {}

    /**
     * Returns options of a server, with TLS if there is a certificate.
     *
     * @throws IOException if a file cannot be read, or certificate and key do not belong together
     */
    public static HttpServerOptions options(ServerAccess access) throws IOException {
        HttpServerOptions options = new HttpServerOptions();
        Path certificate = access.certificate();
        Path key = access.privateKey();
        if (certificate != null && key != null) {
            check(certificate, key);
            options.setSsl(true)
                    .setUseAlpn(false) // HTTP/1.1 alone
                    .setKeyCertOptions(
                            new PemKeyCertOptions()
                                    .setCertPath(certificate.toString())
                                    .setKeyPath(key.toString()));
        }
        return options;
    }

    /** The HTTP library would say only that it cannot listen. */
    private static void check(Path certificate, Path key) throws IOException {
        PublicKey publicKey = certificate(certificate).getPublicKey();
        PrivateKey privateKey = privateKey(key);
        try {
            if (publicKey.getAlgorithm().equals(privateKey.getAlgorithm())
                    && isOf(publicKey, privateKey)) {
                return;
            }
        } catch (GeneralSecurityException e) {
            throw new IOException(key + " cannot be used for TLS: " + e.getMessage(), e);
        }
        throw new IOException(
                key
                        + " is not the key of the first certificate in "
                        + certificate
                        + ". Give the two that belong together.");
    }

    private static boolean isOf(PublicKey publicKey, PrivateKey privateKey)
            throws GeneralSecurityException {
        String algorithm =
                switch (publicKey.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> publicKey.getAlgorithm();
                };
        byte[] text = "ligature".getBytes(StandardCharsets.US_ASCII);
        Signature signing = Signature.getInstance(algorithm);
        signing.initSign(privateKey);
        signing.update(text);
        Signature verifying = Signature.getInstance(algorithm);
        verifying.initVerify(publicKey);
        verifying.update(text);
        return verifying.verify(signing.sign());
    }

    private static Certificate certificate(Path file) throws IOException {
        byte[] text = read(file).getBytes(StandardCharsets.UTF_8);
        try {
            Collection<? extends Certificate> chain =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(new ByteArrayInputStream(text));
            if (!chain.isEmpty()) {
                return chain.iterator().next();
            }
        } catch (CertificateException e) {
            throw new IOException(
                    file + " is not a certificate: " + e.getMessage() + ". Give one in PEM.", e);
        }
        throw new IOException(file + " has no certificate. Give one in PEM.");
    }

    private static PrivateKey privateKey(Path file) throws IOException {
        Matcher found = KEY.matcher(read(file));
        if (!found.find()) {
            throw new IOException(
                    file + " has no line -----BEGIN PRIVATE KEY-----. Give the key in PKCS#8.");
        }
        GeneralSecurityException failure = new GeneralSecurityException("no algorithm");
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(found.group(1));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage() + ". Copy it again.", e);
        }
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm)
                        .generatePrivate(new PKCS8EncodedKeySpec(der));
            } catch (GeneralSecurityException e) {
                failure = e;
            }
        }
        throw new IOException(
                file + " is not a key of " + ALGORITHMS + ". Give the key in PKCS#8.", failure);
    }

    private static String read(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

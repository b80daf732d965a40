package dev.ligature.models.internal.jinja;

import java.nio.charset.StandardCharsets;

/** Percent-encoding of a text as UTF-8 (RFC 3986), with slashes as they are. */
final class PercentEncoding {
    private static final String KEPT = "_.-~/";

    private PercentEncoding() {}

    static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (each & 0xff);
            boolean kept = c < 0x80 && (Character.isLetterOrDigit(c) || KEPT.indexOf(c) >= 0);
            encoded.append(kept ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return encoded.toString();
    }
}

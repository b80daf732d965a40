package dev.ligature.models.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Documents divided into those to train on and those to measure on.
 *
 * <p>A document's name alone decides its side: it stays there on every machine, and whatever other
 * documents come and go.
 *
 * @param training the documents to train on
 * @param heldOut the documents to measure on
 */
public record HeldOutSplit(List<Document> training, List<Document> heldOut) {
    /** Copies the lists. */
    public HeldOutSplit {
        training = List.copyOf(training);
        heldOut = List.copyOf(heldOut);
    }

    /**
     * Divides documents: one is held out if the CRC-32 of its name in UTF-8 is divisible by {@code
     * every}.
     *
     * @param documents the documents
     * @param every one in how many is held out, about; 0 holds none out
     */
    public static HeldOutSplit of(List<Document> documents, int every) {
        List<Document> training = new ArrayList<>();
        List<Document> heldOut = new ArrayList<>();
        for (Document document : documents) {
            boolean held = every > 0 && crc(document.name()) % every == 0;
            (held ? heldOut : training).add(document);
        }
        return new HeldOutSplit(training, heldOut);
    }

    private static long crc(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return crc.getValue();
    }
}

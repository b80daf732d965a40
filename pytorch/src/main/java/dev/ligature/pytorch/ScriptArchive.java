package dev.ligature.pytorch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Makes the archive that PyTorch loads a TorchScript module from: a zip file, not compressed, of
 * the module's text and three small entries. The same text gives the same bytes.
 */
final class ScriptArchive {
    private static final String ROOT = "operators/";
    private static final byte[] EMPTY_TUPLE = pickle(")");

    private ScriptArchive() {}

    /**
     * Returns the archive of a module without parameters.
     *
     * @param className the module's class in the text
     * @param text the class in TorchScript
     */
    static byte[] of(String className, String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            // An object of the class, its state an empty dictionary.
            add(zip, "data.pkl", pickle("c__torch__\n" + className + "\n)\u0081}b"));
            add(zip, "code/__torch__.py", text.getBytes(StandardCharsets.UTF_8));
            add(zip, "constants.pkl", EMPTY_TUPLE);
            add(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new IllegalStateException(e); // bytes in memory
        }
        return bytes.toByteArray();
    }

    /** Returns the operations as a pickle of protocol 2. */
    private static byte[] pickle(String operations) {
        return ("\u0080\u0002" + operations + ".").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(ROOT + name);
        CRC32 sum = new CRC32();
        sum.update(content);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(sum.getValue());
        entry.setTimeLocal(java.time.LocalDateTime.of(1980, 1, 1, 0, 0));
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}

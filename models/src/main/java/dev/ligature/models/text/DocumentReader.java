package dev.ligature.models.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Reads documents from text files, JSONL files, folders, and jar or zip archives.
 *
 * <p>The order is that of the arguments, and by name inside a folder or an archive, so that it is
 * the same on every machine. Line ends become {@code \n}, a byte order mark and the blanks at both
 * ends of a document go, and documents that are then empty are left out. A JSONL file has a
 * document in each line, in the field {@code text}.
 */
public final class DocumentReader {
    /** What is taken from folders and archives; a file that is named itself may end in anything. */
    private static final Set<String> TEXT_ENDINGS =
            Set.of(
                    "adoc",
                    "c",
                    "cc",
                    "cpp",
                    "cs",
                    "go",
                    "groovy",
                    "gradle",
                    "h",
                    "hpp",
                    "java",
                    "js",
                    "jsonl",
                    "jsonlines",
                    "kt",
                    "kts",
                    "md",
                    "ndjson",
                    "php",
                    "py",
                    "rb",
                    "rs",
                    "rst",
                    "scala",
                    "sql",
                    "swift",
                    "ts",
                    "txt");

    private static final Set<String> ARCHIVE_ENDINGS = Set.of("jar", "zip");

    /** Files of records, whose raw text nobody means. */
    private static final Set<String> RECORD_ENDINGS =
            Set.of(
                    "arrow", "avro", "csv", "feather", "json", "ods", "orc", "parquet", "sqlite",
                    "tsv", "xls", "xlsx");

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /** Stands between an archive and the names of the entries that are wanted. */
    private static final String INSIDE = "!/";

    private final boolean withoutHeaders;

    /**
     * Creates a reader.
     *
     * @param withoutHeaders whether a block comment at the start of a document is left out
     */
    public DocumentReader(boolean withoutHeaders) {
        this.withoutHeaders = withoutHeaders;
    }

    /**
     * Returns the documents of the given files, folders and archives.
     *
     * @param sources text files in UTF-8, JSONL files, folders, and jar or zip archives; {@code
     *     a.jar!/x/*.kt} is the entries of an archive whose names start with {@code x/} and end
     *     with {@code .kt}
     * @throws IOException if one cannot be read, is not text, or holds no text; the message names
     *     it
     */
    public List<Document> read(List<String> sources) throws IOException {
        List<Document> documents = new ArrayList<>();
        for (String source : sources) {
            int before = documents.size();
            int inside = source.indexOf(INSIDE);
            Path path = Path.of(inside < 0 ? source : source.substring(0, inside));
            if (inside >= 0 || ARCHIVE_ENDINGS.contains(ending(source))) {
                String pattern = inside < 0 ? "" : source.substring(inside + INSIDE.length());
                readArchive(path, pattern, documents);
            } else if (Files.isDirectory(path)) {
                readFolder(path.toRealPath(), documents); // also where it is a link
            } else {
                refuseRecords(path);
                add(fileName(path), path.toString(), Files.readAllBytes(path), documents);
            }
            if (documents.size() == before) {
                throw new IOException(
                        source
                                + " holds no text. From folders and archives files are taken that"
                                + " end in "
                                + String.join(" ", new TreeSet<>(TEXT_ENDINGS))
                                + ".");
            }
        }
        return documents;
    }

    private static void refuseRecords(Path file) throws IOException {
        String ending = ending(file.toString());
        if (RECORD_ENDINGS.contains(ending)) {
            throw new IOException(
                    file
                            + " holds records, not text, by its ending ."
                            + ending
                            + ". Convert it to JSONL, {\"text\": \"…\"} in each line of a .jsonl"
                            + " file; or give the name another ending, .txt for one, if its raw"
                            + " content is the text that is meant.");
        }
    }

    private void readFolder(Path folder, List<Document> documents) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files =
                    walk.filter(Files::isRegularFile)
                            .filter(file -> TEXT_ENDINGS.contains(ending(file.toString())))
                            .sorted(Comparator.comparing(file -> relative(folder, file)))
                            .toList();
        }
        for (Path file : files) {
            add(relative(folder, file), file.toString(), Files.readAllBytes(file), documents);
        }
    }

    /** The names that a pattern allows start with what is before its star and end with the rest. */
    private void readArchive(Path archive, String pattern, List<Document> documents)
            throws IOException {
        int star = pattern.indexOf('*');
        String prefix = star < 0 ? pattern : pattern.substring(0, star);
        String suffix = star < 0 ? "" : pattern.substring(star + 1);
        if (!Files.exists(archive)) { // ZipFile's own message differs from that of other files
            throw new NoSuchFileException(archive.toString());
        }
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            List<? extends ZipEntry> entries =
                    zip.stream()
                            .filter(entry -> entry.getName().startsWith(prefix))
                            .filter(entry -> entry.getName().endsWith(suffix))
                            .filter(entry -> TEXT_ENDINGS.contains(ending(entry.getName())))
                            .sorted(Comparator.comparing(ZipEntry::getName))
                            .toList();
            for (ZipEntry entry : entries) {
                byte[] bytes = zip.getInputStream(entry).readAllBytes();
                add(entry.getName(), archive + INSIDE + entry.getName(), bytes, documents);
            }
        } catch (ZipException e) {
            throw new IOException(archive + " is not a readable archive: " + e.getMessage(), e);
        }
    }

    private void add(String name, String origin, byte[] bytes, List<Document> documents)
            throws IOException {
        String text = text(origin, bytes);
        List<Document> found =
                DataFiles.isNamed(name)
                        ? JsonLines.read(name, origin, text)
                        : List.of(new Document(name, text));
        for (Document each : found) {
            Document document = each.normalised();
            if (withoutHeaders) {
                document = document.withoutHeader().normalised();
            }
            if (!document.text().isEmpty()) {
                documents.add(document);
            }
        }
    }

    private static String text(String origin, byte[] bytes) throws IOException {
        try {
            String text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            if (text.indexOf('\0') >= 0) { // which ASCII has in UTF-16
                throw new IOException(
                        origin
                                + " has NUL characters: it is in UTF-16, or no text. Convert it to"
                                + " UTF-8, by iconv for one.");
            }
            return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new IOException(
                    origin
                            + " is not text in UTF-8. Convert it, by iconv for one; or unpack it, if"
                            + " it is compressed.",
                    e);
        }
    }

    private static String relative(Path folder, Path file) {
        return folder.relativize(file).toString().replace('\\', '/');
    }

    private static String fileName(Path path) {
        Path name = path.getFileName();
        return name == null ? path.toString() : name.toString();
    }

    private static String ending(String name) {
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }
}

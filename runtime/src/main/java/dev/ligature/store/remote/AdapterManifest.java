package dev.ligature.store.remote;

import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.files.CheckpointDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files of one version of an adapter, by their digests. Its text is that of {@code sha256sum}:
 * a line for each file, with the SHA-256 of its bytes in hexadecimal digits, two spaces and its
 * name.
 *
 * @param sha256 the digests by the names of the files, in lower-case hexadecimal digits
 */
public record AdapterManifest(SortedMap<String, String> sha256) {
    /** The name of the file that has the text. */
    public static final String FILE_NAME = "SHA256SUMS";

    private static final Pattern LINE = Pattern.compile("([0-9a-fA-F]{64}) [ *](.+)");
    private static final Path NOWHERE = Path.of("");

    /** Copies the map. */
    public AdapterManifest {
        Objects.requireNonNull(sha256, "sha256");
        sha256 = Collections.unmodifiableSortedMap(new TreeMap<>(sha256));
    }

    /**
     * Reads a text.
     *
     * @param text the text, of at least {@code adapter_config.json}
     * @param origin where it is from, for messages
     * @throws CheckpointException if it is malformed, or names a file by a path ({@code
     *     SourceManifest})
     */
    public static AdapterManifest parse(String text, String origin) throws CheckpointException {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(origin, "origin");
        TreeMap<String, String> files = new TreeMap<>();
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            Matcher matcher = LINE.matcher(line);
            if (line.isEmpty()) {
                continue;
            }
            if (!matcher.matches()
                    || !isPlain(matcher.group(2))
                    || files.put(matcher.group(2), lower(matcher.group(1))) != null) {
                throw RemoteMessage.LINE.fileError(origin, number, shown(line));
            }
        }
        if (!files.containsKey(AdapterConfigJson.FILE_NAME)) {
            throw RemoteMessage.INCOMPLETE.fileError(origin, AdapterConfigJson.FILE_NAME);
        }
        return new AdapterManifest(files);
    }

    /**
     * Returns the manifest of the files in a directory, to be put beside them.
     *
     * @param directory an adapter's, as {@code LoraModel.save} or PEFT writes it
     */
    public static AdapterManifest of(Path directory) throws IOException {
        Objects.requireNonNull(directory, "directory");
        TreeMap<String, String> files = new TreeMap<>();
        try (Stream<Path> list = Files.list(directory)) {
            for (Path file : list.filter(Files::isRegularFile).toList()) {
                String name = String.valueOf(file.getFileName());
                if (!name.equals(FILE_NAME) && !name.startsWith(".")) {
                    try (InputStream in = Files.newInputStream(file)) {
                        files.put(name, Sha256.of(in));
                    }
                }
            }
        }
        return new AdapterManifest(files);
    }

    /** Returns the text. */
    public String text() {
        return sha256.entrySet().stream()
                .map(file -> file.getValue() + "  " + file.getKey() + "\n")
                .collect(Collectors.joining());
    }

    /** Returns a short name of this version. */
    String id() {
        return Sha256.of(text().getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }

    /** Returns whether a directory has all files with these bytes. */
    boolean matches(Path directory) throws IOException {
        for (Map.Entry<String, String> file : sha256.entrySet()) {
            Path path = directory.resolve(file.getKey());
            if (!Files.isRegularFile(path)) {
                return false;
            }
            try (InputStream in = Files.newInputStream(path)) {
                if (!Sha256.of(in).equals(file.getValue())) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean isPlain(String name) {
        try {
            CheckpointDirectory.newFile(NOWHERE, name);
            return !name.equals(FILE_NAME);
        } catch (CheckpointException path) {
            return false;
        }
    }

    private static String lower(String hex) {
        return hex.toLowerCase(Locale.ROOT);
    }

    private static String shown(String line) {
        return line.length() <= 80 ? line : line.substring(0, 80) + "…";
    }
}

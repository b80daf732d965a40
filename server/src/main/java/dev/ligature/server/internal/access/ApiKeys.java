package dev.ligature.server.internal.access;

import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of a file, read again when it changes:
 *
 * <pre>{@code
 * {"acme": {"sha256": "9f86d0…", "models": ["legal"], "requests_per_minute": 60,
 *           "tokens_per_minute": 20000, "in_flight": 4},
 *  "operator": {"sha256": "60303a…", "admin": true}}
 * }</pre>
 *
 * The file has hashes of the keys, and nothing logs a key. Thread-safe.
 */
public final class ApiKeys {
    private static final Logger LOG = LoggerFactory.getLogger(ApiKeys.class);
    private static final int DEPTH = 4;
    private static final String SCHEME = "Bearer ";
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final Set<String> FIELDS =
            Set.of(
                    "sha256",
                    "models",
                    "requests_per_minute",
                    "tokens_per_minute",
                    "in_flight",
                    "admin");

    private final Path file;
    private final LongSupplier nanoTime;
    private final Map<String, Tenant> tenants = new LinkedHashMap<>(); // by name; guarded by this
    private volatile List<Entry> entries = List.of();
    private volatile @Nullable Object stamp; // of the file as it was tried last
    private volatile String fault = ""; // why it was of no use

    /** A key's hash, and whose it is. */
    private record Entry(String hash, Tenant tenant) {}

    ApiKeys(Path file, LongSupplier nanoTime) throws IOException {
        this.file = file;
        this.nanoTime = nanoTime;
        this.stamp = stamp();
        read();
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read or is wrong
     */
    public static ApiKeys read(Path file) throws IOException {
        return new ApiKeys(file, System::nanoTime);
    }

    /** Reads the file again if it has changed. If it is wrong, the former keys stay. */
    public void refresh() {
        Object now = null;
        try {
            now = stamp();
            if (now.equals(stamp)) {
                return;
            }
            read();
            fault = "";
            LOG.info("{} has changed; its keys count from now on", file);
        } catch (IOException e) {
            if (!fault.equals(e.toString())) {
                fault = e.toString();
                LOG.error("The former keys stay, because the file cannot be used: {}", fault);
            }
        }
        stamp = now;
    }

    private Object stamp() throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        return List.of(found.lastModifiedTime(), found.size(), String.valueOf(found.fileKey()));
    }

    private synchronized void read() throws IOException {
        Map<String, KeyRule> rules = new LinkedHashMap<>();
        try (Reader text = Files.newBufferedReader(file)) {
            JsonFields<IOException> all =
                    JsonFields.parse(
                            text, new JsonLimits(DEPTH, Integer.MAX_VALUE), new Errors(file));
            Set<String> hashes = new HashSet<>();
            for (String name : all.names()) {
                KeyRule rule = rule(name, all.object(name));
                if (!hashes.add(rule.hash())) {
                    throw new Errors(file)
                            .error("the sha256 of " + name + " is that of another key", null);
                }
                rules.put(name, rule);
            }
        }
        tenants.keySet().retainAll(rules.keySet());
        rules.forEach(
                (name, rule) -> {
                    Tenant known = tenants.get(name);
                    if (known == null) {
                        tenants.put(name, new Tenant(rule, nanoTime));
                    } else {
                        known.update(rule);
                    }
                });
        List<Entry> now = new ArrayList<>();
        tenants.forEach((name, tenant) -> now.add(new Entry(tenant.hash(), tenant)));
        entries = List.copyOf(now);
    }

    private static KeyRule rule(String name, JsonFields<IOException> fields) throws IOException {
        Set<String> names = new HashSet<>();
        for (String field : fields.names()) {
            names.add(field);
            if (!FIELDS.contains(field)) {
                throw fields.wrong(field, "one of " + FIELDS.stream().sorted().toList());
            }
        }
        String hash = fields.string("sha256");
        if (!HASH.matcher(hash).matches()) {
            throw fields.wrong("sha256", "the SHA-256 of the key in 64 hexadecimal digits");
        }
        return new KeyRule(
                name,
                hash,
                names.contains("models") ? new LinkedHashSet<>(fields.strings("models")) : null,
                limit(fields, "requests_per_minute"),
                limit(fields, "tokens_per_minute"),
                limit(fields, "in_flight"),
                fields.bool("admin", false));
    }

    private static long limit(JsonFields<IOException> fields, String name) throws IOException {
        return fields.has(name) ? fields.whole(name, 1, Integer.MAX_VALUE) : 0;
    }

    /** Returns whether any key is an administrator's. */
    public boolean hasAdmin() {
        return entries.stream().anyMatch(entry -> entry.tenant().isAdmin());
    }

    /**
     * Returns whose key a request has. Takes as long for a wrong key as for a right one.
     *
     * @param authorization the value of the header of that name; null if there is none
     * @throws AccessException if it has none that is known
     */
    public Tenant authenticate(@Nullable String authorization) throws AccessException {
        String key = key(authorization);
        byte[] hash = sha256().digest(key.getBytes(StandardCharsets.UTF_8));
        byte[] digits = HexFormat.of().formatHex(hash).getBytes(StandardCharsets.US_ASCII);
        Tenant found = null;
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(digits, entry.hash().getBytes(StandardCharsets.US_ASCII))) {
                found = entry.tenant();
            }
        }
        if (key.isEmpty() || found == null) {
            throw AccessException.unknown();
        }
        return found;
    }

    /** Returns the key of a header; empty if there is none. */
    private static String key(@Nullable String authorization) {
        return authorization != null
                        && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                ? authorization.substring(SCHEME.length()).strip()
                : "";
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /** The errors of the file. */
    private record Errors(Path file) implements JsonErrors<IOException> {
        private IOException error(String what, @Nullable Throwable cause) {
            return new IOException("The keys in " + file + " cannot be read: " + what + ".", cause);
        }

        @Override
        public IOException malformed(String what, @Nullable Throwable cause) {
            return error(what, cause);
        }

        @Override
        public IOException duplicate(JsonField field) {
            return error(field + " is there twice", null);
        }

        @Override
        public IOException wrong(JsonField field, @Nullable Object value, String expected) {
            return error(field + " must be " + expected, null); // the value may be a key
        }

        @Override
        public IOException beyond(JsonField field, String what) {
            return error(field + " " + what, null);
        }
    }
}

package dev.ligature.internal.adapter;

import dev.ligature.LoraException;
import java.util.Objects;
import java.util.regex.Pattern;

/** The rule for adapter names, which become parts of keys and of directories. */
public final class AdapterName {
    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private AdapterName() {}

    /**
     * Returns the name.
     *
     * @throws LoraException if it is another one
     */
    public static String check(String name) {
        if (!isValid(name)) {
            throw AdapterMessage.NAME.error(name);
        }
        return name;
    }

    /** Returns whether a text may be an adapter's name. */
    public static boolean isValid(String name) {
        Objects.requireNonNull(name, "name");
        return ALLOWED.matcher(name).matches();
    }
}

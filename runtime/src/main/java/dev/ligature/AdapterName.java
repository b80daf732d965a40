package dev.ligature;

import dev.ligature.diag.LoraException;
import java.util.regex.Pattern;

/** The rule for adapter names, which become parts of keys and of directories. */
final class AdapterName {
    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private AdapterName() {}

    /** Returns the name, or throws where it is not allowed. */
    static String check(String name) {
        if (!ALLOWED.matcher(name).matches()) {
            throw new LoraException(
                    "LoraAdapterName",
                    "'"
                            + name
                            + "' is not an adapter name. Use up to 128 letters, digits, dots,"
                            + " underscores and hyphens, with a letter or a digit first.");
        }
        return name;
    }
}

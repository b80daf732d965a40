package dev.ligature.processor.model;

import java.util.Locale;
import java.util.regex.Pattern;

/** The rules of module names. */
public final class ModuleName {
    private static final Pattern HUMP = Pattern.compile("(?<=[\\p{Ll}\\p{Nd}])(?=\\p{Lu})");
    private static final Pattern VALID =
            Pattern.compile("[\\p{L}\\p{Nd}_-]+(\\.[\\p{L}\\p{Nd}_-]+)*");

    private ModuleName() {}

    /** Returns the default name of a field: {@code qProj} is {@code q_proj}. */
    public static String ofField(String field) {
        return HUMP.matcher(field).replaceAll("_").toLowerCase(Locale.ROOT);
    }

    /** Returns the name of the constant of a module: {@code self.q_proj} is {@code SELF_Q_PROJ}. */
    public static String constant(String name) {
        String words = HUMP.matcher(name).replaceAll("_").replace('.', '_').replace('-', '_');
        String constant = words.toUpperCase(Locale.ROOT);
        boolean starts = Character.isJavaIdentifierStart(constant.codePointAt(0));
        return starts && !constant.equals("_") ? constant : "_" + constant;
    }

    /** Returns whether a name is segments of letters, digits, {@code _} and {@code -} with dots. */
    public static boolean isValid(String name) {
        return VALID.matcher(name).matches();
    }
}

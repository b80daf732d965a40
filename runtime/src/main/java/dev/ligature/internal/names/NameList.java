package dev.ligature.internal.names;

import java.util.Collection;

/** Lists names in messages. */
public final class NameList {
    /** The number of names that a message shows. */
    public static final int MOST = 8;

    private NameList() {}

    /** Returns the first 8 names with commas between them, and how many more there are. */
    public static String list(Collection<String> names) {
        return list(names, MOST);
    }

    /** Returns the first names with commas between them, and how many more there are. */
    public static String list(Collection<String> names, int most) {
        String shown = String.join(", ", names.stream().limit(most).toList());
        return names.size() <= most ? shown : shown + " and " + (names.size() - most) + " more";
    }
}

package dev.ligature.internal.names;

import java.util.Collection;

/** Lists names in messages. */
public final class NameList {
    /** The number of names that a message shows. */
    public static final int MOST = 8;

    private NameList() {}

    /** Returns the names with commas between them; of many, the first ones and their number. */
    public static String list(Collection<String> names) {
        String shown = String.join(", ", names.stream().limit(MOST).toList());
        return names.size() <= MOST ? shown : shown + " and " + (names.size() - MOST) + " more";
    }
}

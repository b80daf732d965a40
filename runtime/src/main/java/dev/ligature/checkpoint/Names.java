package dev.ligature.checkpoint;

import java.util.Collection;

/** Lists names in messages. */
final class Names {
    /** The number of names that a message shows. */
    static final int MOST = 8;

    private Names() {}

    /** Returns the names with commas between them; of many, the first ones and their number. */
    static String list(Collection<String> names) {
        String shown = String.join(", ", names.stream().limit(MOST).toList());
        return names.size() <= MOST ? shown : shown + " and " + (names.size() - MOST) + " more";
    }
}

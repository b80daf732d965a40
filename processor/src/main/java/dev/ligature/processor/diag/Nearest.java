package dev.ligature.processor.diag;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Finds the known names that a mistyped one may have meant. */
public final class Nearest {
    private static final int MOST = 3;
    private static final int FEW = 6;

    private Nearest() {}

    /**
     * Returns {@code " Did you mean a or b?"}, or the list of all names if none is near and they
     * are few, or an empty text.
     *
     * <p>Near is an edit distance of at most a third of the length, and at most 4; a longer name is
     * compared by its last segments, as suffixes may be written.
     *
     * @param name the unknown name
     * @param known the known names
     */
    public static String hint(String name, Collection<String> known) {
        int limit = Math.min(4, Math.max(1, name.length() / 3));
        List<String> near =
                known.stream()
                        .distinct()
                        .filter(candidate -> suffixDistance(name, candidate) <= limit)
                        .sorted(
                                Comparator.comparingInt((String c) -> suffixDistance(name, c))
                                        .thenComparing(Comparator.naturalOrder()))
                        .limit(MOST)
                        .toList();
        if (!near.isEmpty()) {
            return " Did you mean " + String.join(" or ", near) + "?";
        }
        List<String> all = known.stream().distinct().sorted().toList();
        return all.isEmpty() || all.size() > FEW ? "" : " Known: " + String.join(", ", all) + ".";
    }

    private static int suffixDistance(String name, String candidate) {
        int best = distance(name, candidate);
        for (int dot = candidate.indexOf('.'); dot >= 0; dot = candidate.indexOf('.', dot + 1)) {
            best = Math.min(best, distance(name, candidate.substring(dot + 1)));
        }
        return best;
    }

    /** Returns the Levenshtein distance of two names. */
    static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substitution = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(substitution, Math.min(previous[j], current[j - 1]) + 1);
            }
            previous = current;
        }
        return previous[b.length()];
    }
}

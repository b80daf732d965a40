package dev.ligature.internal.names;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Finds the known names that a mistyped one may have meant. */
public final class Nearest {
    private static final int MOST = 3;

    /** Names from files may be of any length, and the distance takes the product of two. */
    private static final int LONGEST = 200;

    private Nearest() {}

    /**
     * Returns the text {@code " Did you mean a or b?"}, or an empty one where no name is near.
     *
     * <p>Near is an edit distance of at most a third of the length, and at most 4. Nothing is near
     * a name of more than 200 characters.
     *
     * @param name the unknown name
     * @param known the known names
     */
    public static String hint(String name, Collection<String> known) {
        if (name.length() > LONGEST) {
            return "";
        }
        int limit = Math.min(4, Math.max(1, name.length() / 3));
        List<String> near =
                known.stream()
                        .distinct()
                        .filter(other -> Math.abs(other.length() - name.length()) <= limit)
                        .filter(candidate -> distance(name, candidate) <= limit)
                        .sorted(
                                Comparator.comparingInt((String c) -> distance(name, c))
                                        .thenComparing(Comparator.naturalOrder()))
                        .limit(MOST)
                        .toList();
        return near.isEmpty() ? "" : " Did you mean " + String.join(" or ", near) + "?";
    }

    /**
     * Returns the number of insertions, deletions, substitutions and exchanges of neighbours that
     * turn one name into the other (optimal string alignment).
     */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            d[i][0] = i;
        }
        for (int j = 0; j <= b.length(); j++) {
            d[0][j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            for (int j = 1; j <= b.length(); j++) {
                int substitution = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(substitution, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
                if (i > 1
                        && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}

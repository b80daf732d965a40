package dev.ligature.internal.hint;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/** Finds the known names that a mistyped one may have meant. */
public final class Nearest {
    private static final int MOST = 3;
    private static final int FEW = 6;

    /** Names from files may be of any length, and the distance takes the product of two. */
    private static final int LONGEST = 200;

    private Nearest() {}

    /**
     * Returns the text {@code " Did you mean a or b?"}, or an empty one where no name is near.
     *
     * <p>Near is an edit distance of at most a third of the length, and at most 4; an exchange of
     * neighbours is one edit. A known name is compared as a whole and by its last segments, as
     * suffixes may be written. Nothing is near a name of more than 200 letters, nor one letter near
     * another, alone or as a segment, as then any would be.
     *
     * @param name the unknown name
     * @param known the known names
     */
    public static String hint(String name, Collection<String> known) {
        if (name.length() < 2 || name.length() > LONGEST) {
            return "";
        }
        int limit = Math.min(4, Math.max(1, name.length() / 3));
        List<Candidate> near = new ArrayList<>();
        for (String candidate : new TreeSet<>(known)) {
            int distance = suffixDistance(name, candidate, limit);
            if (distance <= limit) {
                near.add(new Candidate(candidate, distance));
            }
        }
        near.sort(
                Comparator.comparingInt(Candidate::distance)
                        .thenComparingInt(candidate -> candidate.name().length()));
        List<String> nearest = new ArrayList<>();
        for (Candidate candidate : near) {
            if (nearest.size() < MOST && !endsWithAny(candidate.name(), nearest)) {
                nearest.add(candidate.name());
            }
        }
        return nearest.isEmpty() ? "" : " Did you mean " + String.join(" or ", nearest) + "?";
    }

    /**
     * Returns {@link #hint}, or the list of all names if none is near and they are few.
     *
     * @param name the unknown name
     * @param known the known names
     */
    public static String hintOrAll(String name, Collection<String> known) {
        String hint = hint(name, known);
        TreeSet<String> all = new TreeSet<>(known);
        boolean isListed = hint.isEmpty() && !all.isEmpty() && all.size() <= FEW;
        return isListed ? " Known: " + String.join(", ", all) + "." : hint;
    }

    private record Candidate(String name, int distance) {}

    /** Returns whether a name ends with one that is offered already, which says the same. */
    private static boolean endsWithAny(String name, List<String> offered) {
        return offered.stream().anyMatch(one -> name.endsWith("." + one));
    }

    /**
     * Returns the least distance to a name or its last segments; beyond the limit, any above it.
     */
    private static int suffixDistance(String name, String candidate, int limit) {
        int best = limit + 1;
        for (int start = 0; start >= 0; start = nextSegment(candidate, start)) {
            String suffix = candidate.substring(start);
            if (Math.abs(suffix.length() - name.length()) <= limit
                    && !isAnyLetter(name.split("\\."), suffix.split("\\."))) {
                best = Math.min(best, distance(name, suffix));
            }
        }
        return best;
    }

    /** Returns whether a segment of one letter stands against another one, as any letter would. */
    private static boolean isAnyLetter(String[] name, String[] suffix) {
        for (int i = 0; i < name.length && name.length == suffix.length; i++) {
            boolean isLetter = name[i].length() == 1 && Character.isLetter(name[i].charAt(0));
            if (isLetter && suffix[i].length() == 1 && !name[i].equals(suffix[i])) {
                return true;
            }
        }
        return false;
    }

    private static int nextSegment(String candidate, int start) {
        int dot = candidate.indexOf('.', start);
        return dot < 0 ? -1 : dot + 1;
    }

    /**
     * Returns the number of insertions, deletions, substitutions and exchanges of neighbours that
     * turn one name into the other (optimal string alignment).
     */
    private static int distance(String a, String b) {
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

package dev.ligature.models.text;

import java.util.List;

/**
 * Gives out a growing text up to the first of some stop texts. The end of what is there is held
 * back as long as a stop text may begin in it.
 */
public final class StopText {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    /**
     * Creates one for a text that has not begun.
     *
     * @param stops the texts, none of them empty; they are not given out
     */
    public StopText(List<String> stops) {
        this.stops = List.copyOf(stops);
    }

    /** Returns whether a stop text was met; nothing is given out from then on. */
    public boolean isStopped() {
        return stopped;
    }

    /**
     * Adds a piece and returns what can be given out by now; it may be empty.
     *
     * @param piece what the text goes on with
     */
    public String add(String piece) {
        if (stopped) {
            return "";
        }
        held.append(piece);
        int first = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
            }
        }
        stopped = first >= 0;
        return take(stopped ? first : held.length() - possibleStart());
    }

    /** Returns what was held back, at the end of the text. */
    public String finish() {
        return stopped ? "" : take(held.length());
    }

    private String take(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /** Returns how many of the last characters may be the beginning of a stop text. */
    private int possibleStart() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (stop.startsWith(held.substring(held.length() - n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}

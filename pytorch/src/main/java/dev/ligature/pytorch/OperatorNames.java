package dev.ligature.pytorch;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The value of the system property that says which operators compute: {@code auto}, {@code plain},
 * or names with commas between them.
 *
 * @param names the names; empty if DJL's arrays compute everything
 * @param isMeasured whether each is used only where it is faster
 */
record OperatorNames(Set<String> names, boolean isMeasured) {
    /** The system property. */
    static final String PROPERTY = "ligature.operators";

    static final String AUTO = "auto";
    static final String PLAIN = "plain";

    /** Products by oneDNN, and training steps with them. */
    static final String ONEDNN = "onednn";

    /** Training steps with the engine's own product. */
    static final String MATMUL = "matmul";

    /** Attention of new tokens of many texts. */
    static final String ATTENTION = "attention";

    /** Products of one row, as those of two. */
    static final String ROW = "row";

    /** Products of a few rows. */
    static final String ROWS = "rows";

    /** Products of a few long rows by oneDNN. */
    static final String ROWS_ONEDNN = "rows-onednn";

    /** All layers of a decoder at once, for new tokens of a few texts. */
    static final String LAYERS = "layers";

    private static final Set<String> ALL =
            Set.of(ONEDNN, MATMUL, ATTENTION, ROW, ROWS, ROWS_ONEDNN, LAYERS);

    /**
     * Reads a value.
     *
     * @throws dev.ligature.LoraException {@code OperatorChoice} if it means nothing
     */
    static OperatorNames of(String value) {
        if (value.equals(AUTO)) {
            return new OperatorNames(ALL, true);
        }
        Set<String> names = new LinkedHashSet<>();
        if (!value.equals(PLAIN)) {
            names.addAll(Arrays.asList(value.split(",", -1)));
            if (!ALL.containsAll(names) || names.containsAll(Set.of(ONEDNN, MATMUL))) {
                throw OperatorMessage.CHOICE.error(PROPERTY, "\"" + value + "\"");
            }
        }
        return new OperatorNames(names, false);
    }

    /** Returns which product is wanted, as {@link ScriptChoice} knows it. */
    String product() {
        if (isMeasured) {
            return AUTO;
        }
        return names.contains(ONEDNN) ? ONEDNN : names.contains(MATMUL) ? MATMUL : PLAIN;
    }

    boolean has(String name) {
        return names.contains(name);
    }

    /** Returns the value that means some names. */
    static String value(Set<String> names) {
        return names.isEmpty() ? PLAIN : String.join(",", names);
    }
}

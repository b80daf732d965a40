package dev.ligature;

/**
 * How an adapter is merged.
 *
 * @param safe whether the merged weights are checked for values that are not finite, PEFT's {@code
 *     safe_merge}
 */
public record MergeOptions(boolean safe) {
    /** Merges without a check. */
    public static final MergeOptions DEFAULT = new MergeOptions(false);

    /** Merges with the check for values that are not finite. */
    public static final MergeOptions SAFE = new MergeOptions(true);
}

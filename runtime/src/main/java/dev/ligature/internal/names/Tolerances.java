package dev.ligature.internal.names;

/**
 * What need not match when a file is loaded; the options of base checkpoints and of adapters share
 * it.
 *
 * @param ignored tensors of the file that need no place
 * @param missing what may start fresh
 * @param preferred the copies to use where copies differ
 */
public record Tolerances(Wildcards ignored, Wildcards missing, Wildcards preferred) {
    public static final Tolerances NONE =
            new Tolerances(Wildcards.NONE, Wildcards.NONE, Wildcards.NONE);

    public Tolerances ignore(String... names) {
        return new Tolerances(ignored.with(names), missing, preferred);
    }

    public Tolerances allowMissing(String... names) {
        return new Tolerances(ignored, missing.with(names), preferred);
    }

    public Tolerances preferCopyOf(String... names) {
        return new Tolerances(ignored, missing, preferred.with(names));
    }
}

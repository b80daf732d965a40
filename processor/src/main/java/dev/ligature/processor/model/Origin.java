package dev.ligature.processor.model;

/**
 * Where the generated class of a class comes from.
 *
 * @param kind how it is known
 * @param contract the version of its contract with the runtime, if it is processed already
 */
public record Origin(Kind kind, int contract) {
    /** The version of the contract between the classes generated now and the runtime. */
    public static final int CONTRACT = 2;

    /** How the generated class of a class is known. */
    public enum Kind {
        /** The class is part of this compilation, which generates it. */
        COMPILED_NOW,
        /** It is there already, from an earlier compilation. */
        PROCESSED,
        /** It is not there, and this compilation does not make it. */
        UNPROCESSED
    }

    /** Returns whether this version knows how to call the generated class. */
    public boolean isContractKnown() {
        return kind != Kind.PROCESSED || contract == CONTRACT;
    }
}

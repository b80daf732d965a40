package dev.ligature.spark;

import ai.djl.ndarray.NDManager;
import dev.ligature.ops.OperatorLookup;

/**
 * Which operators compute in a JVM. Left alone, each JVM chooses by a measurement of its own, and
 * two may differ; what several compute together has to be of one kind.
 */
final class OperatorChoice {
    /** DJL's own operators, which are the same everywhere. */
    static final String PLAIN = "plain";

    private static final String PROPERTY = "ligature.operators";

    private OperatorChoice() {}

    /** Chooses, if this JVM has not chosen yet. */
    static void prefer(String choice) {
        if (System.getProperty(PROPERTY) == null) {
            System.setProperty(PROPERTY, choice);
        }
    }

    /** Returns what this JVM computes with; it chooses at the first call. */
    static String here() {
        try (NDManager manager = NDManager.newBaseManager()) {
            return OperatorLookup.engine(manager).choice();
        }
    }
}

package dev.ligature.training;

import ai.djl.ndarray.NDManager;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Counts what is still open. */
final class LiveArrays {
    private static final Pattern RESOURCES = Pattern.compile("Resource size: (\\d+)");

    private LiveArrays() {}

    /** Returns the arrays of all managers of the process. */
    static int inProcess() {
        try (NDManager manager = NDManager.newBaseManager()) {
            return manager.getParentManager().getManagedArrays().size();
        }
    }

    /** Returns the arrays and the managers directly under one. */
    static int directlyUnder(NDManager manager) {
        Matcher matcher = RESOURCES.matcher(manager.toString());
        if (!matcher.find()) {
            throw new AssertionError("DJL no longer prints the count: " + manager);
        }
        return Integer.parseInt(matcher.group(1));
    }
}

package dev.ligature.cli.report;

/** Names of modules that differ in the number of their layer alone. */
public final class LayerNames {
    private LayerNames() {}

    /** Returns a name with a star for each number: {@code model.layers.*.self_attn.q_proj}. */
    public static String starred(String name) {
        return name.replaceAll("\\.\\d+(?=\\.|$)", ".*");
    }
}

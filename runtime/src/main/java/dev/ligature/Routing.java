package dev.ligature;

import java.util.Optional;

/**
 * Which adapter a request goes through: one by name, or none. An immutable value that goes with the
 * request; a model has no active adapter.
 */
public final class Routing {
    private static final Routing NONE = new Routing("");

    private final String adapter;

    private Routing(String adapter) {
        this.adapter = adapter;
    }

    /** Returns the routing through the base model alone. */
    public static Routing none() {
        return NONE;
    }

    /**
     * Returns the routing through one adapter.
     *
     * @param adapter the adapter's name
     */
    public static Routing of(String adapter) {
        return new Routing(AdapterName.check(adapter));
    }

    /** Returns the adapter's name; empty for the base alone. */
    public Optional<String> adapter() {
        return adapter.isEmpty() ? Optional.empty() : Optional.of(adapter);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Routing routing && adapter.equals(routing.adapter);
    }

    @Override
    public int hashCode() {
        return adapter.hashCode();
    }

    @Override
    public String toString() {
        return adapter.isEmpty() ? "Routing(none)" : "Routing(" + adapter + ")";
    }
}

package dev.ligature.plan;

/**
 * A warning about a configuration that is doubtful, but allowed.
 *
 * @param code the stable code
 * @param message what is doubtful, why, and what to do
 */
public record PlanWarning(String code, String message) {
    @Override
    public String toString() {
        return "[" + code + "] " + message;
    }
}

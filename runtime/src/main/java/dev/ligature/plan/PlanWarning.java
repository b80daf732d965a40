package dev.ligature.plan;

/**
 * Something doubtful in a configuration that is no error.
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

package dev.ligature.processor.model;

/**
 * A field or method that the {@code when} of a tie may name.
 *
 * @param name its simple name
 * @param isMethod whether it is a method
 * @param isBoolean whether its value is a boolean
 * @param deprecation which warning its use gives
 * @param obstacle why generated code cannot read it ({@code "is private"}); empty if it can
 */
public record Switch(
        String name,
        boolean isMethod,
        boolean isBoolean,
        Deprecation deprecation,
        String obstacle) {
    /** Returns whether a tie may depend on it. */
    public boolean isUsable() {
        return isBoolean && obstacle.isEmpty();
    }
}

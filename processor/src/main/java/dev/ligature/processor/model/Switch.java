package dev.ligature.processor.model;

/**
 * A field or method that the {@code when} of a tie may name.
 *
 * @param name its simple name; that of a member of an object in a field has both names
 * @param access how code reads it of a model: {@code tied}, {@code tied()}, {@code config.tied()}
 * @param isBoolean whether its value is a boolean
 * @param deprecation which warning its use gives
 * @param obstacle why generated code cannot read it ({@code "is private"}); empty if it can
 */
public record Switch(
        String name, String access, boolean isBoolean, Deprecation deprecation, String obstacle) {
    /** Returns whether a tie may depend on it. */
    public boolean isUsable() {
        return isBoolean && obstacle.isEmpty();
    }
}

package dev.ligature.processor.model;

import dev.ligature.processor.diag.Site;

/**
 * The declaration of a field.
 *
 * @param name its name
 * @param site the field
 * @param isPrivate whether generated code cannot reach it
 * @param isStatic whether it belongs to the class
 * @param isFinal whether generated code cannot assign it
 * @param deprecation which warning its use gives
 */
public record Field(
        String name,
        Site site,
        boolean isPrivate,
        boolean isStatic,
        boolean isFinal,
        Deprecation deprecation) {}

package dev.ligature.processor.model;

import dev.ligature.processor.diag.Site;
import org.jspecify.annotations.Nullable;

/**
 * A declared tie, as it is written.
 *
 * @param annotation the {@code Tied}
 * @param field the field it is on, or null if it is on the class
 * @param target the name of the module in that field, or null if it is not a target
 * @param repeated whether the field holds any number of modules
 * @param module the {@code module} of the annotation
 * @param source the {@code value} of the annotation
 * @param when the {@code when} of the annotation
 */
public record Tie(
        Site annotation,
        @Nullable String field,
        @Nullable String target,
        boolean repeated,
        Text module,
        Text source,
        Text when) {}

package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.model.InjectorSpec;
import java.util.List;

/**
 * A class after all checks.
 *
 * @param diagnostics everything that is wrong or doubtful
 * @param injector what is to be generated; broken if there is an error
 */
public record Checked(List<Diagnostic> diagnostics, InjectorSpec injector) {
    /** Copies the list. */
    public Checked {
        diagnostics = List.copyOf(diagnostics);
    }
}

package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import java.util.List;

/**
 * The ties of a class after resolution.
 *
 * @param links the ties that the class itself declares and that are right
 * @param all these, and those of its superclasses and children
 * @param problems what is wrong with the others
 */
record TieResolution(List<TieLink> links, List<TieLink> all, List<Diagnostic> problems) {
    TieResolution {
        links = List.copyOf(links);
        all = List.copyOf(all);
        problems = List.copyOf(problems);
    }
}

package dev.ligature.processor.check;

import dev.ligature.processor.diag.Diagnostic;
import java.util.List;

/** One thing that must hold for a class. */
interface Rule {
    /** Returns everything in the class that breaks the rule. */
    List<Diagnostic> check(Subject subject);
}

package dev.ligature.processor.diag;

import java.util.Arrays;
import java.util.Collection;
import javax.annotation.processing.Messager;
import javax.lang.model.element.Element;
import javax.tools.Diagnostic.Kind;
import org.jspecify.annotations.Nullable;

/** Hands diagnostics to the compiler; the only user of {@link Messager}. */
public final class Reporter {
    /** What becomes of warnings. */
    public enum Warnings {
        /** They are warnings. */
        WARN,
        /** They are errors. */
        ERROR,
        /** They are left out. */
        OFF
    }

    private final Messager messager;
    private final Warnings warnings;

    /**
     * Creates a reporter for a compilation.
     *
     * @param messager where the diagnostics go
     * @param warnings what becomes of warnings that the source does not silence
     */
    public Reporter(Messager messager, Warnings warnings) {
        this.messager = messager;
        this.warnings = warnings;
    }

    /** Reports all of the diagnostics, but for the warnings that the source silences. */
    public void report(Collection<Diagnostic> diagnostics) {
        diagnostics.forEach(this::report);
    }

    /** Reports a diagnostic, unless it is a warning that the source silences. */
    public void report(Diagnostic diagnostic) {
        Message message = diagnostic.message();
        Site site = diagnostic.site();
        if (!message.isWarning()) {
            print(diagnostic.isError() ? Kind.ERROR : Kind.NOTE, diagnostic.text(), site);
        } else if (warnings != Warnings.OFF && !isSilenced(message, site.element())) {
            Kind kind = warnings == Warnings.ERROR ? Kind.ERROR : Kind.WARNING;
            print(kind, diagnostic.text(), site);
        }
    }

    private void print(Kind kind, String text, Site site) {
        if (site.element() == null) {
            messager.printMessage(kind, text);
        } else if (site.annotation() == null) {
            messager.printMessage(kind, text, site.element());
        } else if (site.value() == null) {
            messager.printMessage(kind, text, site.element(), site.annotation());
        } else {
            messager.printMessage(kind, text, site.element(), site.annotation(), site.value());
        }
    }

    private static boolean isSilenced(Message message, @Nullable Element site) {
        for (Element at = site; at != null; at = at.getEnclosingElement()) {
            SuppressWarnings silenced = at.getAnnotation(SuppressWarnings.class);
            if (silenced != null && Arrays.asList(silenced.value()).contains(message.code())) {
                return true;
            }
        }
        return false;
    }
}

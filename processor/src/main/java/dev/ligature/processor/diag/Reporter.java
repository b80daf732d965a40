package dev.ligature.processor.diag;

import java.util.Arrays;
import java.util.Collection;
import javax.annotation.processing.Messager;
import javax.lang.model.element.Element;
import javax.tools.Diagnostic.Kind;
import org.jspecify.annotations.Nullable;

/** Hands diagnostics to the compiler; the only user of {@link Messager}. */
public final class Reporter {
    private final Messager messager;

    /** Creates a reporter for a compilation. */
    public Reporter(Messager messager) {
        this.messager = messager;
    }

    /** Reports all of the diagnostics, but for the warnings that the source silences. */
    public void report(Collection<Diagnostic> diagnostics) {
        diagnostics.forEach(this::report);
    }

    /** Reports a diagnostic, unless it is a warning that the source silences. */
    public void report(Diagnostic diagnostic) {
        Site site = diagnostic.site();
        if (diagnostic.isError()) {
            print(Kind.ERROR, diagnostic.text(), site);
        } else if (!isSilenced(diagnostic.message(), site.element())) {
            print(Kind.WARNING, diagnostic.text(), site);
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

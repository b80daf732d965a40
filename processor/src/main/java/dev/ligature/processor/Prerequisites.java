package dev.ligature.processor;

import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.read.ModuleVisibility;
import dev.ligature.processor.read.Names;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import javax.annotation.processing.ProcessingEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;

/** What a compilation needs for any generated class; what is missing is reported once. */
final class Prerequisites {
    private Prerequisites() {}

    /** Returns the first thing that is missing, at the first of the models. */
    static Optional<Diagnostic> missing(
            ProcessingEnvironment environment, SortedMap<String, TypeElement> models) {
        TypeElement first = models.values().iterator().next();
        Site site = Site.of(first);
        SourceVersion level = environment.getSourceVersion();
        if (level.compareTo(SourceVersion.RELEASE_17) < 0) {
            String number = level.name().substring("RELEASE_".length());
            return Optional.of(Diagnostic.of(Message.SOURCE_LEVEL, site, number));
        }
        Elements elements = environment.getElementUtils();
        for (String name : List.of(Names.WALKER, Names.BLOCK)) {
            TypeElement type = elements.getTypeElement(name);
            if (type == null) {
                return Optional.of(Diagnostic.of(Message.RUNTIME_MISSING, site, name));
            }
            String obstacle = new ModuleVisibility(elements).obstacle(first, type);
            if (!obstacle.isEmpty()) {
                String generated = "The generated class";
                return Optional.of(
                        Diagnostic.of(Message.CLASS_HIDDEN, site, generated, name, obstacle));
            }
        }
        return Optional.empty();
    }
}

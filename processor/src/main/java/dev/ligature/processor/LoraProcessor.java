package dev.ligature.processor;

import com.google.auto.service.AutoService;
import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Reporter;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.read.AnnotatedClasses;
import dev.ligature.processor.read.ModuleVisibility;
import dev.ligature.processor.read.Names;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.Processor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;
import org.jspecify.annotations.Nullable;

/**
 * Writes {@code XLora} for each class {@code X} with annotated fields: read, check, write.
 *
 * <p>Between rounds only names are kept. A class that names types which do not exist yet waits for
 * another processor to make them; in the last round, what still waits is an error.
 */
@AutoService(Processor.class)
public final class LoraProcessor extends AbstractProcessor {
    private @Nullable State state;

    @Override
    public Set<String> getSupportedAnnotationTypes() {
        return Set.of(Names.LORA_TARGET, Names.LORA_CHILD, Names.TIED, Names.TIES);
    }

    @Override
    public Set<String> getSupportedOptions() {
        return Options.NAMES;
    }

    @Override
    public synchronized void init(ProcessingEnvironment environment) {
        super.init(environment);
        Options options = Options.of(environment.getOptions());
        Reporter reporter = new Reporter(environment.getMessager(), options.warnings());
        reporter.report(options.problems());
        state = new State(getClass(), options, reporter);
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
        return SourceVersion.latestSupported();
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
        SortedMap<String, TypeElement> found = AnnotatedClasses.of(annotations, round);
        State current = state();
        current.compiledNow.addAll(found.keySet());
        current.waiting.addAll(found.keySet());
        if (!current.waiting.isEmpty() && hasRuntime(found)) {
            Round work = new Round(processingEnv, current, round, found);
            List.copyOf(current.waiting).forEach(work::process);
        }
        return false;
    }

    private State state() {
        return Objects.requireNonNull(state, "init was not called");
    }

    private boolean hasRuntime(SortedMap<String, TypeElement> found) {
        if (found.isEmpty()) { // It was asked in the round that found the classes.
            return true;
        }
        Elements elements = processingEnv.getElementUtils();
        TypeElement first = found.values().iterator().next();
        for (String name : List.of(Names.WALKER, Names.BLOCK)) {
            TypeElement type = elements.getTypeElement(name);
            String obstacle =
                    type == null ? "" : new ModuleVisibility(elements).obstacle(first, type);
            if (type == null || !obstacle.isEmpty()) {
                Site site = Site.of(first);
                state().reporter
                        .report(
                                type == null
                                        ? Diagnostic.of(Message.RUNTIME_MISSING, site, name)
                                        : Diagnostic.of(
                                                Message.CLASS_HIDDEN,
                                                site,
                                                "The generated class",
                                                name,
                                                obstacle));
                state().waiting.clear();
                return false;
            }
        }
        return true;
    }
}

package dev.ligature.processor;

import com.google.auto.service.AutoService;
import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Reporter;
import dev.ligature.processor.read.AnnotatedClasses;
import dev.ligature.processor.read.Names;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.Processor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
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

    /**
     * Returns our annotations. Where the compilation has options of ours, any: javac warns of
     * options that no processor in use knows, and a parent POM also gives them to modules without
     * models.
     */
    @Override
    public Set<String> getSupportedAnnotationTypes() {
        return state != null && state.options.given() ? Set.of("*") : Names.ANNOTATIONS;
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
        if (!found.isEmpty()) {
            Optional<Diagnostic> obstacle = Prerequisites.missing(processingEnv, found);
            obstacle.ifPresent(current.reporter::report);
            obstacle.ifPresent(reported -> current.waiting.clear());
        }
        if (!current.waiting.isEmpty()) {
            Round work = new Round(processingEnv, current, round, found);
            List.copyOf(current.waiting).forEach(work::process);
        }
        return false;
    }

    private State state() {
        return Objects.requireNonNull(state, "init was not called");
    }
}

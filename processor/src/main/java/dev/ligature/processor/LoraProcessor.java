package dev.ligature.processor;

import com.google.auto.service.AutoService;
import dev.ligature.processor.check.Checked;
import dev.ligature.processor.check.ModelCheck;
import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Reporter;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.read.AnnotatedClasses;
import dev.ligature.processor.read.LocalClasses;
import dev.ligature.processor.read.Missing;
import dev.ligature.processor.read.ModelReader;
import dev.ligature.processor.read.Names;
import dev.ligature.processor.write.InjectorWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.FilerException;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.Processor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.ModuleElement;
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
    private final Set<String> compiledNow = new TreeSet<>();
    private final Set<String> waiting = new TreeSet<>();
    private final Map<String, String> generated = new TreeMap<>();
    private @Nullable Settings settings;

    /**
     * What holds for the whole compilation.
     *
     * @param options the options
     * @param reporter where diagnostics go
     */
    private record Settings(Options options, Reporter reporter) {}

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
        settings = new Settings(options, reporter);
        watchLocalClasses(environment);
    }

    private static void watchLocalClasses(ProcessingEnvironment environment) {
        try {
            LocalClasses.watch(
                    environment,
                    name -> Diagnostic.of(Message.CLASS_LOCAL, Site.NOWHERE, name).text());
        } catch (LinkageError noJavac) {
            // Eclipse's compiler on a runtime without javac.
        }
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
        return SourceVersion.latestSupported();
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
        SortedMap<String, TypeElement> found = AnnotatedClasses.of(annotations, round);
        compiledNow.addAll(found.keySet());
        waiting.addAll(found.keySet());
        if (!waiting.isEmpty() && hasRuntime(found)) {
            Round work = new Round(processingEnv, settings(), round, found);
            List.copyOf(waiting).forEach(work::process);
        }
        return false;
    }

    private Settings settings() {
        return Objects.requireNonNull(settings, "init was not called");
    }

    private boolean hasRuntime(SortedMap<String, TypeElement> found) {
        for (String name : List.of(Names.VISITOR, Names.BLOCK)) {
            if (processingEnv.getElementUtils().getTypeElement(name) == null) {
                Site first = Site.of(found.values().iterator().next());
                settings().reporter().report(Diagnostic.of(Message.RUNTIME_MISSING, first, name));
                waiting.clear();
                return false;
            }
        }
        return true;
    }

    /** What is done in one round; the compiler's elements do not outlive it. */
    private final class Round {
        private final Elements elements;
        private final Map<String, TypeElement> found;
        private final RoundEnvironment round;
        private final Options options;
        private final Reporter reporter;
        private final ModelReader reader;
        private final ModelCheck check;
        private final InjectorWriter writer;

        Round(
                ProcessingEnvironment environment,
                Settings settings,
                RoundEnvironment round,
                Map<String, TypeElement> found) {
            this.found = found;
            this.elements = environment.getElementUtils();
            this.round = round;
            this.options = settings.options();
            this.reporter = settings.reporter();
            this.reader = new ModelReader(elements, environment.getTypeUtils(), compiledNow);
            this.check = new ModelCheck(reader.graph());
            this.writer = new InjectorWriter(LoraProcessor.class.getName(), environment.getFiler());
        }

        /** Processes a class; whatever happens, the others are processed too. */
        void process(String name) {
            TypeElement type = found.get(name);
            type = type == null ? elements.getTypeElement(name) : type;
            if (type == null) {
                waiting.remove(name);
                return;
            }
            try {
                read(name, type);
            } catch (RuntimeException | StackOverflowError failure) {
                waiting.remove(name);
                report(Message.PROCESSOR_FAILED, type, version(), name, trace(failure));
            }
        }

        private void read(String name, TypeElement type) {
            ClassSpec spec = reader.read(type);
            List<String> missing = Missing.of(spec, reader.graph());
            if (missing.isEmpty()) {
                waiting.remove(name);
                Checked checked = check.check(spec);
                reporter.report(checked.diagnostics());
                write(checked.injector(), type);
            } else if (round.processingOver()) {
                waiting.remove(name);
                leave(spec, type);
            } else if (options.verbose()) {
                String types = String.join(", ", missing);
                report(Message.WAITING, type, spec.id().display(), types);
            }
        }

        /** Gives up on a class whose types never came; its generated class has the members. */
        private void leave(ClassSpec spec, TypeElement type) {
            List<String> missing = Missing.toReport(spec, reader.graph());
            if (!missing.isEmpty() && !round.errorRaised()) {
                String types = String.join(", ", missing);
                report(Message.TYPE_MISSING, type, spec.id().injector().display(), types);
            }
            write(check.unchecked(spec), type);
        }

        private void write(InjectorSpec injector, TypeElement type) {
            String name = injector.model().injector().qualifiedName();
            String other = generated.putIfAbsent(name, injector.model().display());
            boolean isForeign = other == null && reader.isForeign(injector.model(), type);
            if (other != null || isForeign) {
                report(
                        Message.NAME_TAKEN,
                        type,
                        injector.model().display(),
                        injector.model().injector().display(),
                        other == null ? "another class" : "the generated class of " + other);
                return;
            }
            try {
                writer.write(injector, type, hasGenerated(type));
                if (options.verbose()) {
                    String written = injector.model().injector().display();
                    report(Message.WRITTEN, type, written, Summary.of(injector));
                }
            } catch (FilerException exists) {
                report(
                        Message.FILE_EXISTS,
                        type,
                        name,
                        String.valueOf(exists.getMessage()),
                        injector.model().display());
            } catch (IOException failure) {
                report(Message.FILE_FAILED, type, name, String.valueOf(failure));
            }
        }

        private boolean hasGenerated(TypeElement type) {
            String name = "javax.annotation.processing.Generated";
            ModuleElement module = elements.getModuleOf(type);
            return module == null || elements.getTypeElement(module, name) != null;
        }

        private void report(Message message, TypeElement type, Object... arguments) {
            reporter.report(Diagnostic.of(message, Site.of(type), arguments));
        }
    }

    private static String version() {
        String version = LoraProcessor.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }

    private static String trace(Throwable failure) {
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        return trace.toString();
    }
}

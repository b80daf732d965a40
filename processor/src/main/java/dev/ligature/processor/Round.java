package dev.ligature.processor;

import dev.ligature.processor.check.Checked;
import dev.ligature.processor.check.ModelCheck;
import dev.ligature.processor.diag.Diagnostic;
import dev.ligature.processor.diag.Message;
import dev.ligature.processor.diag.Site;
import dev.ligature.processor.model.ClassSpec;
import dev.ligature.processor.model.InjectorSpec;
import dev.ligature.processor.read.Missing;
import dev.ligature.processor.read.ModelReader;
import dev.ligature.processor.write.InjectorWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import javax.annotation.processing.FilerException;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.element.ModuleElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;

/** What is done in one round; the compiler's elements do not outlive it. */
final class Round {
    private final Elements elements;
    private final Map<String, TypeElement> found;
    private final RoundEnvironment round;
    private final State state;
    private final ModelReader reader;
    private final ModelCheck check;
    private final InjectorWriter writer;

    Round(
            ProcessingEnvironment environment,
            State state,
            RoundEnvironment round,
            Map<String, TypeElement> found) {
        this.found = found;
        this.elements = environment.getElementUtils();
        this.round = round;
        this.state = state;
        this.reader = new ModelReader(elements, environment.getTypeUtils(), state.compiledNow);
        this.check = new ModelCheck(reader.graph());
        this.writer = new InjectorWriter(state.processor.getName(), environment.getFiler());
    }

    /** Processes a class; whatever happens, the others are processed too. */
    void process(String name) {
        TypeElement type = found.get(name);
        type = type == null ? elements.getTypeElement(name) : type;
        if (type == null) {
            state.waiting.remove(name);
            return;
        }
        try {
            read(name, type);
        } catch (RuntimeException | StackOverflowError failure) {
            state.waiting.remove(name);
            report(Message.PROCESSOR_FAILED, type, version(), name, trace(failure));
        }
    }

    private void read(String name, TypeElement type) {
        ClassSpec spec = reader.read(type);
        List<String> missing = Missing.of(spec, reader.graph());
        if (missing.isEmpty()) {
            Checked checked = check.check(spec);
            boolean isFirst = state.written.add(name);
            if (isFirst) {
                report(checked, Diagnostic::isError);
            }
            // Only warnings are about fields without annotations, whose types may come later.
            if (spec.missingTypes().elsewhere().isEmpty() || round.processingOver()) {
                state.waiting.remove(name);
                report(checked, diagnostic -> !diagnostic.isError());
            }
            if (isFirst) {
                write(checked.injector(), type);
            }
        } else if (round.processingOver()) {
            state.waiting.remove(name);
            leave(spec, type);
        } else if (state.options.verbose()) {
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
        String other = state.generated.putIfAbsent(name, injector.model().display());
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
            if (state.options.verbose()) {
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

    private void report(Checked checked, Predicate<Diagnostic> kind) {
        state.reporter.report(checked.diagnostics().stream().filter(kind).toList());
    }

    private void report(Message message, TypeElement type, Object... arguments) {
        state.reporter.report(Diagnostic.of(message, Site.of(type), arguments));
    }

    private String version() {
        String version = state.processor.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }

    private static String trace(Throwable failure) {
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        return trace.toString();
    }
}

package dev.ligature.processor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;

/** Another processor: writes given classes, one in each round. */
final class Generator extends AbstractProcessor {
    private final Map<String, String> left;

    /**
     * Creates a generator.
     *
     * @param classes the classes by name, written in the order of their names; their text follows
     *     the package and the imports
     */
    Generator(Map<String, String> classes) {
        left = new TreeMap<>(classes);
    }

    @Override
    public Set<String> getSupportedAnnotationTypes() {
        return Set.of("*");
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
        return SourceVersion.latestSupported();
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
        if (!left.isEmpty() && !round.processingOver()) {
            String name = left.keySet().iterator().next();
            String text = "package m;\n" + Inline.IMPORTS + left.remove(name);
            try (Writer out = processingEnv.getFiler().createSourceFile(name).openWriter()) {
                out.write(text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return false;
    }
}

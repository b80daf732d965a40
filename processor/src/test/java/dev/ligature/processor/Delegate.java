package dev.ligature.processor;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.Filer;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;

/** The processor, with another filer. */
abstract class Delegate extends AbstractProcessor {
    private final LoraProcessor processor = new LoraProcessor();

    /** Is called before a source file is created; what it throws, the filer throws. */
    abstract void beforeCreating(String name, Object[] origins) throws Exception;

    @Override
    public Set<String> getSupportedAnnotationTypes() {
        return processor.getSupportedAnnotationTypes();
    }

    @Override
    public Set<String> getSupportedOptions() {
        return processor.getSupportedOptions();
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
        return processor.getSupportedSourceVersion();
    }

    @Override
    public synchronized void init(ProcessingEnvironment environment) {
        Filer filer = filer(environment.getFiler());
        processor.init(
                (ProcessingEnvironment)
                        Proxy.newProxyInstance(
                                ProcessingEnvironment.class.getClassLoader(),
                                new Class<?>[] {ProcessingEnvironment.class},
                                (proxy, method, arguments) ->
                                        method.getName().equals("getFiler")
                                                ? filer
                                                : method.invoke(environment, arguments)));
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
        processor.process(annotations, round);
        return false;
    }

    private Filer filer(Filer filer) {
        return (Filer)
                Proxy.newProxyInstance(
                        Filer.class.getClassLoader(),
                        new Class<?>[] {Filer.class},
                        (proxy, method, arguments) -> {
                            if (method.getName().equals("createSourceFile")) {
                                beforeCreating((String) arguments[0], (Object[]) arguments[1]);
                            }
                            try {
                                return method.invoke(filer, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }
}

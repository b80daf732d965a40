package dev.ligature.benchmarks.compile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** Compiles with the compiler of this JVM, from memory to memory. */
final class Compilation implements AutoCloseable {
    private final Clock clock;
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);

    /** Creates a compilation with the class path that the sources need, and no more. */
    Compilation(Clock clock) {
        this.clock = clock;
        Set<Path> jars = new LinkedHashSet<>();
        for (Class<?> used :
                List.of(
                        ai.djl.nn.Block.class,
                        dev.ligature.LoraModel.class,
                        dev.ligature.annotation.LoraTarget.class,
                        org.jspecify.annotations.Nullable.class,
                        com.google.auto.value.AutoValue.class)) {
            jars.add(jar(used));
        }
        try {
            files.setLocationFromPaths(StandardLocation.CLASS_PATH, jars);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /**
     * Compiles once.
     *
     * @param contender whose classes
     * @param count how many of them
     * @param isProcessed whether the processor runs
     * @return the nanoseconds it took
     * @throws IllegalStateException if there is any message, or not one generated class for each
     */
    long time(Contender contender, int count, boolean isProcessed) {
        List<JavaFileObject> sources = contender.sources(count);
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        MemoryFiles memory = new MemoryFiles(files);
        List<String> options =
                Stream.concat(
                                Stream.of("--release", "17", "-Xlint:-options"),
                                isProcessed ? Stream.empty() : Stream.of("-proc:none"))
                        .toList();
        System.gc();
        long start = clock.nanos();
        JavaCompiler.CompilationTask task =
                compiler.getTask(null, memory, messages, options, null, sources);
        if (isProcessed) {
            task.setProcessors(List.of(contender.processor()));
        }
        boolean isCompiled = task.call();
        long nanos = clock.nanos() - start;
        int generated = isProcessed ? count : 0;
        if (!isCompiled
                || !messages.getDiagnostics().isEmpty()
                || memory.sources() != generated
                || memory.classes() < sources.size() + generated) {
            throw new IllegalStateException(
                    "the compilation of "
                            + count
                            + " classes for "
                            + contender
                            + " gave "
                            + memory.sources()
                            + " sources, "
                            + memory.classes()
                            + " classes and the messages "
                            + messages.getDiagnostics());
        }
        return nanos;
    }

    @Override
    public void close() throws IOException {
        files.close();
    }

    private static Path jar(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException failure) {
            throw new IllegalStateException(failure);
        }
    }
}

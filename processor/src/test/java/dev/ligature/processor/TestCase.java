package dev.ligature.processor;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.Compiler;
import com.google.testing.compile.JavaFileObjects;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.MalformedURLException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import javax.annotation.processing.Processor;
import javax.tools.DiagnosticListener;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import org.eclipse.jdt.internal.compiler.tool.EclipseCompiler;

/**
 * A folder with sources of a model in {@code input}, and perhaps of a library, which is compiled
 * before: in {@code library} with the processor, in {@code library-unprocessed} without it.
 */
record TestCase(Path folder) {
    /** Whether expected files are written instead of compared. */
    static final boolean UPDATE = Boolean.getBoolean("golden.update");

    /** Returns the cases in a folder of the test resources, sorted. */
    static List<TestCase> in(String folder) {
        try (Stream<Path> cases = Files.list(resources().resolve(folder))) {
            return cases.filter(Files::isDirectory).sorted().map(TestCase::new).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the folder of the test resources, in the sources so that files can be rewritten. */
    static Path resources() {
        return Path.of("src", "test", "resources");
    }

    /** Compiles with javac and the processor. */
    Compilation compile(Path work) {
        return compile(ToolProvider.getSystemJavaCompiler(), sources("input"), work);
    }

    /** Compiles with Eclipse's compiler and the processor, the files in another order. */
    Compilation compileWithEclipse(Path work) {
        return compile(eclipse(), reversed(), work);
    }

    /** Returns Eclipse's compiler. */
    static JavaCompiler eclipse() {
        return new QuietEclipse();
    }

    /** Eclipse's compiler, without the report that it prints beside the diagnostics. */
    private static final class QuietEclipse extends EclipseCompiler {
        @Override
        public CompilationTask getTask(
                Writer out,
                JavaFileManager files,
                DiagnosticListener<? super JavaFileObject> listener,
                Iterable<String> options,
                Iterable<String> classes,
                Iterable<? extends JavaFileObject> sources) {
            return super.getTask(Writer.nullWriter(), files, listener, options, classes, sources);
        }
    }

    /** Compiles the given sources of this case with the processor. */
    Compilation compile(JavaCompiler compiler, List<JavaFileObject> sources, Path work) {
        return compiler(compiler, libraries(work))
                .withProcessors(new LoraProcessor())
                .compile(sources);
    }

    /** Compiles the given sources of this case without a processor; every warning is an error. */
    Compilation compileStrictly(List<JavaFileObject> sources, Path work, String... options) {
        List<String> all = new ArrayList<>(List.of("-proc:none", "-Xlint:all", "-Werror"));
        all.addAll(List.of("--release", "17"));
        all.addAll(Arrays.asList(options));
        return compiler(ToolProvider.getSystemJavaCompiler(), libraries(work))
                .withOptions(all)
                .compile(sources);
    }

    private List<File> libraries(Path work) {
        List<File> libraries = new ArrayList<>();
        if (Files.isDirectory(folder.resolve("library"))) {
            libraries.add(library("library", work, true));
        }
        if (Files.isDirectory(folder.resolve("library-unprocessed"))) {
            libraries.add(library("library-unprocessed", work, false));
        }
        return libraries;
    }

    /** Returns a compiler that reports every warning, and attributes code despite errors. */
    static Compiler compiler(JavaCompiler compiler, List<File> moreClassPath) {
        List<File> classPath = new ArrayList<>(moreClassPath);
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(File::new)
                .forEach(classPath::add);
        Compiler configured = Compiler.compiler(compiler).withClasspath(classPath);
        return compiler instanceof EclipseCompiler
                ? configured.withOptions("-source", "17", "-target", "17", "-proceedOnError")
                : configured.withOptions(
                        "-Xlint:all,-processing,-classfile",
                        "--release",
                        "17",
                        "--should-stop=ifError=FLOW");
    }

    /** Returns the sources of the model in an order that is not theirs by path. */
    List<JavaFileObject> reversed() {
        List<JavaFileObject> sources = new ArrayList<>(sources("input"));
        Collections.reverse(sources);
        return sources;
    }

    /** Returns the sources in a folder of this case, sorted by path. */
    List<JavaFileObject> sources(String part) {
        Path root = folder.resolve(part);
        return files(root).stream().map(TestCase::source).toList();
    }

    /** Returns a file as a source. */
    static JavaFileObject source(Path file) {
        try {
            return JavaFileObjects.forResource(file.toUri().toURL());
        } catch (MalformedURLException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the files below a folder, sorted; none if it does not exist. */
    static List<Path> files(Path root) {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the content of a file. */
    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return folder.getFileName().toString();
    }

    private File library(String part, Path work, boolean isProcessed) {
        Compiler compiler = compiler(ToolProvider.getSystemJavaCompiler(), List.of());
        Compilation compilation =
                compiler.withProcessors(
                                isProcessed
                                        ? List.<Processor>of(new LoraProcessor())
                                        : List.<Processor>of())
                        .withOptions(isProcessed ? List.of() : List.of("-proc:none"))
                        .compile(sources(part));
        if (compilation.status() != Compilation.Status.SUCCESS) {
            throw new IllegalStateException(compilation.diagnostics().toString());
        }
        return writeClasses(compilation, work.resolve(part)).toFile();
    }

    /** Writes the classes of a compilation into a folder, and returns it. */
    static Path writeClasses(Compilation compilation, Path output) {
        for (JavaFileObject file : compilation.generatedFiles()) {
            if (file.getKind() == JavaFileObject.Kind.CLASS) {
                copy(file, output);
            }
        }
        return output;
    }

    private static void copy(JavaFileObject file, Path output) {
        String prefix = "/" + StandardLocation.CLASS_OUTPUT + "/";
        Path target = output.resolve(file.toUri().getPath().substring(prefix.length()));
        try (InputStream in = file.openInputStream()) {
            Files.createDirectories(target.getParent());
            Files.write(target, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.testing.compile.Compilation;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.lang.model.element.TypeElement;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What incremental builds rely on. */
class IncrementalTest {
    private static final TestCase LLAMA =
            new TestCase(TestCase.resources().resolve("golden/llama"));

    @Test
    void oneOfThreeClassesCompiledAgain_isGeneratedTheSame(@TempDir Path work) throws IOException {
        Compilation whole = LLAMA.compile(work);
        Map<String, String> expected = GoldenTest.generated(whole);
        Path classes = TestCase.writeClasses(whole, work.resolve("classes"));

        for (JavaFileObject source : LLAMA.sources("input")) {
            Compilation again =
                    TestCase.compiler(
                                    ToolProvider.getSystemJavaCompiler(), List.of(classes.toFile()))
                            .withProcessors(new LoraProcessor())
                            .compile(source);
            assertEquals(List.of(), Inline.texts(again));
            Map<String, String> generated = GoldenTest.generated(again);
            assertTrue(!generated.isEmpty() && generated.size() < expected.size());
            generated.forEach((name, text) -> assertEquals(expected.get(name), text, name));
        }
    }

    @Test
    void eachGeneratedClass_hasOneOriginatingElement_itsModel() {
        Map<String, List<String>> origins = new TreeMap<>();
        Compilation compilation =
                Inline.compiler(
                                new Delegate() {
                                    @Override
                                    void beforeCreating(String name, Object[] elements) {
                                        List<String> names = new ArrayList<>();
                                        for (Object element : elements) {
                                            names.add(
                                                    ((TypeElement) element).getQualifiedName()
                                                            + "");
                                        }
                                        origins.put(name, names);
                                    }
                                })
                        .compile(LLAMA.sources("input"));

        assertEquals(List.of(), Inline.texts(compilation));
        assertEquals(
                Map.of(
                        "llama.LlamaForCausalLMLora", List.of("llama.LlamaForCausalLM"),
                        "llama.LlamaModelLora", List.of("llama.LlamaModel"),
                        "llama.LlamaDecoderLayerLora", List.of("llama.LlamaDecoderLayer"),
                        "llama.LlamaDecoderLayer_AttentionLora",
                                List.of("llama.LlamaDecoderLayer.Attention")),
                origins);
    }

    @Test
    void gradleIsTold() throws IOException {
        try (InputStream in =
                LoraProcessor.class.getResourceAsStream(
                        "/META-INF/gradle/incremental.annotation.processors")) {
            assertEquals(
                    LoraProcessor.class.getName() + ",isolating",
                    new String(in.readAllBytes(), StandardCharsets.UTF_8).strip());
        }
    }

    @Test
    void allAnnotations_areInClassFiles() {
        JavaClasses annotations = new ClassFileImporter().importPackages("dev.ligature.annotation");
        List<String> found =
                annotations.stream()
                        .filter(type -> type.isAnnotation())
                        .filter(
                                type ->
                                        type.getAnnotationOfType(Retention.class).value()
                                                == RetentionPolicy.CLASS)
                        .map(type -> type.getSimpleName())
                        .sorted()
                        .toList();
        assertEquals(List.of("LoraChild", "LoraGenerated", "LoraTarget", "Tied", "Ties"), found);
    }
}

package dev.ligature.processor;

import static dev.ligature.processor.Inline.source;
import static dev.ligature.processor.Inline.texts;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.testing.compile.Compilation;
import dev.ligature.processor.diag.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Classes that other processors generate are awaited, and given up once when they never come. */
class RoundsTest {
    private static final JavaFileObject PARENT =
            source(
                    "m.Parent",
                    "class Parent extends ToyBlock {",
                    "    @LoraChild GeneratedChild child;",
                    "    @LoraTarget(Names.NAME) Block named;",
                    "}");
    private static final JavaFileObject BAD =
            source(
                    "m.Bad",
                    "class Bad extends ToyBlock {",
                    "    @LoraChild Absent child;",
                    "    @LoraChild java.util.List<Gone> more;",
                    "    @LoraTarget Block w;",
                    "}");
    private static final JavaFileObject PARENT_OF_BAD =
            source(
                    "m.Parent",
                    "class Parent extends ToyBlock {",
                    "    @LoraChild Bad bad;",
                    "    @LoraTarget Block v;",
                    "    static String name = BadLora.W + ParentLora.V;",
                    "    static Object wrapped = ParentLora.wrap(new Parent());",
                    "    static Object known = BadLora.describe();",
                    "}");
    private static final String BAD_IS_MISSING =
            "[LoraTypeMissing] BadLora binds nothing, as these types do not exist: Absent, Gone."
                    + " Check imports and spelling, and that the processor that generates them"
                    + " runs.";
    private static final String GENERATED_CHILD =
            "final class GeneratedChild extends ToyBlock { @LoraTarget Block w; }\n";
    private static final String NAMES =
            "class Names { static final String NAME = \"named_module\"; }\n";

    @Test
    void modelsFieldTypesAndConstantsThatComeInLaterRounds_areAwaited() throws IOException {
        Compilation compilation =
                Inline.compiler(
                                new LoraProcessor(),
                                new Generator(
                                        Map.of(
                                                "m.GeneratedChild",
                                                GENERATED_CHILD,
                                                "m.Names",
                                                NAMES)))
                        .compile(PARENT);

        assertEquals(List.of(), texts(compilation));
        Map<String, String> generated = GoldenTest.generated(compilation);
        assertEquals(
                Set.of(
                        "m/GeneratedChild.java",
                        "m/GeneratedChildLora.java",
                        "m/Names.java",
                        "m/ParentLora.java"),
                generated.keySet());
        assertTrue(generated.get("m/ParentLora.java").contains("GeneratedChildLora::visit"));
        assertTrue(generated.get("m/ParentLora.java").contains("NAMED_MODULE = \"named_module\""));
    }

    @Test
    void aSuperclassThatComesInALaterRound_isAwaited() throws IOException {
        Compilation compilation =
                Inline.compiler(
                                new LoraProcessor(),
                                new Generator(
                                        Map.of(
                                                "m.Base",
                                                "class Base extends ToyBlock { @LoraTarget Block v;"
                                                        + " }\n")))
                        .compile(
                                source("m.Sub", "class Sub extends Base { @LoraTarget Block w; }"));

        assertEquals(List.of(), texts(compilation));
        String generated = GoldenTest.generated(compilation).get("m/SubLora.java");
        assertTrue(generated.contains("BaseLora.visit(model, walker);"), generated);
    }

    @Test
    void aPermittedSubclassThatComesInALaterRound_isAwaited() throws IOException {
        JavaFileObject sealed =
                source(
                        "m.Model",
                        "class Model extends ToyBlock {",
                        "    @LoraChild Child child;",
                        "    sealed interface Child permits Made {}",
                        "}");
        String made = "final class Made extends ToyBlock implements Model.Child {%s}\n";

        Compilation compilation =
                Inline.compiler(
                                new LoraProcessor(),
                                new Generator(
                                        Map.of("m.Made", made.formatted("@LoraTarget Block w;"))))
                        .compile(sealed);
        assertEquals(List.of(), texts(compilation));
        String generated = GoldenTest.generated(compilation).get("m/ModelLora.java");
        assertTrue(generated.contains("MadeLora.visit(made, walker)"), generated);

        assertEquals(
                List.of(
                        "Model.java:7:36 ERROR cannot find symbol",
                        "Model.java:5:1 ERROR [LoraTypeMissing] ModelLora binds nothing, as these"
                                + " types do not exist: Made. Check imports and spelling, and that"
                                + " the processor that generates them runs."),
                errors(Inline.compile(sealed)));
    }

    @Test
    @Covers(Message.WAITING)
    void whatWaits_isNotedWhereNotesAreAskedFor() {
        Compilation compilation =
                Inline.compiler(
                                new LoraProcessor(),
                                new Generator(
                                        Map.of(
                                                "m.GeneratedChild",
                                                GENERATED_CHILD,
                                                "m.Names",
                                                NAMES)))
                        .withOptions("-Aligature.verbose=true")
                        .compile(PARENT);

        assertEquals(
                List.of(
                        "Parent.java:5:1 NOTE [LoraWaiting] Parent waits for types that do not"
                                + " exist yet: GeneratedChild, the constant in @LoraTarget.",
                        "GeneratedChild.java:5:7 NOTE [LoraWritten] GeneratedChildLora binds w.",
                        "Parent.java:5:1 NOTE [LoraWaiting] Parent waits for types that do not"
                                + " exist yet: the constant in @LoraTarget.",
                        "Parent.java:5:1 NOTE [LoraWritten] ParentLora binds child"
                                + " (GeneratedChild), named_module."),
                texts(compilation));
    }

    @Test
    @Covers(Message.TYPE_MISSING)
    void aTypeThatNeverComes_isReportedOnce_andNoSymbolIsMissingElsewhere() {
        assertEquals(
                List.of(
                        "Bad.java:6:16 ERROR cannot find symbol",
                        "Bad.java:7:31 ERROR cannot find symbol",
                        "Bad.java:5:1 ERROR " + BAD_IS_MISSING),
                errors(Inline.compile(BAD, PARENT_OF_BAD)));
    }

    @Test
    void aMissingTypeOfAFieldWithoutAnnotation_isTheCompilersMatter() {
        String model = "class %s extends ToyBlock { @LoraTarget Block w; Gone gone; }";
        Compilation compilation =
                Inline.compile(
                        source("m.One", model.formatted("One")),
                        source("m.Two", model.formatted("Two")));

        assertEquals(
                List.of(
                        "One.java:5:51 ERROR cannot find symbol",
                        "Two.java:5:51 ERROR cannot find symbol"),
                texts(compilation).stream()
                        .map(text -> text.lines().findFirst().orElseThrow())
                        .toList());
    }

    @Test
    void aFieldWithoutAnnotation_whoseModelComesInALaterRound_isWarnedOfOnce() {
        Compilation compilation =
                Inline.compiler(
                                new LoraProcessor(),
                                new Generator(Map.of("m.GeneratedChild", GENERATED_CHILD)))
                        .compile(
                                source(
                                        "m.Model",
                                        "class Model extends ToyBlock {",
                                        "    @LoraTarget Block w;",
                                        "    GeneratedChild child;",
                                        "}"));

        List<String> texts = texts(compilation);
        assertEquals(1, texts.size(), texts.toString());
        assertTrue(
                texts.get(0).startsWith("Model.java:7:20 WARNING [LoraUnreachable] Field child"),
                texts.get(0));
    }

    @Test
    void aWhenThatLeadsThroughATypeOfALaterRound_isAwaited() throws IOException {
        Compilation compilation =
                Inline.compiler(
                                new LoraProcessor(),
                                new Generator(
                                        Map.of("m.Config", "record Config(boolean tied) {}\n")))
                        .compile(
                                source(
                                        "m.Model",
                                        "class Model extends ToyBlock {",
                                        "    @LoraTarget Block w;",
                                        "    @LoraTarget @Tied(value = \"w\", when ="
                                                + " \"config.tied\")",
                                        "    Block v;",
                                        "    Config config;",
                                        "}"));

        assertEquals(List.of(), texts(compilation));
        String generated = GoldenTest.generated(compilation).get("m/ModelLora.java");
        assertTrue(generated.contains("if (model.config.tied()) {"), generated);
    }

    @Test
    @Covers(Message.TYPE_MISSING)
    void eclipseReportsAMissingTypeInTheSameWords(@TempDir Path work) throws IOException {
        List<JavaFileObject> files = new ArrayList<>();
        for (JavaFileObject source : List.of(PARENT_OF_BAD, BAD)) {
            Path name = Path.of(source.getName()).getFileName();
            String text = source.getCharContent(false).toString();
            files.add(TestCase.source(Files.writeString(work.resolve(name.toString()), text)));
        }
        Compilation compilation =
                TestCase.compiler(TestCase.eclipse(), List.of())
                        .withProcessors(new LoraProcessor())
                        .compile(files);

        assertEquals(
                List.of(
                        "Absent cannot be resolved to a type",
                        "Gone cannot be resolved to a type",
                        BAD_IS_MISSING),
                errors(compilation).stream()
                        .map(text -> text.substring(text.indexOf(" ERROR ") + " ERROR ".length()))
                        .toList());
    }

    @Test
    @Covers(Message.TYPE_MISSING)
    void aTypeThatALibraryHasLost_isReportedWhereTheLibraryIsUsed(@TempDir Path work)
            throws IOException {
        Compilation library =
                Inline.compile(
                        source(
                                "m.Part",
                                "public class Part extends ToyBlock { @LoraChild Lost lost; }"),
                        source(
                                "m.Lost",
                                "public class Lost extends ToyBlock { @LoraTarget Block w; }"));
        Path classes = TestCase.writeClasses(library, work);
        Files.delete(classes.resolve("m/Lost.class"));
        Compilation compilation =
                TestCase.compiler(ToolProvider.getSystemJavaCompiler(), List.of(classes.toFile()))
                        .withProcessors(new LoraProcessor())
                        .compile(
                                source(
                                        "m.User",
                                        "class User extends ToyBlock {",
                                        "    @LoraChild Part part;",
                                        "}"));

        assertEquals(
                List.of(
                        "User.java:5:1 ERROR [LoraTypeMissing] UserLora binds nothing, as these"
                                + " types do not exist: Lost. Check imports and spelling, and that"
                                + " the processor that generates them runs."),
                errors(compilation));
    }

    /** Returns the first lines of the errors. */
    private static List<String> errors(Compilation compilation) {
        return texts(compilation).stream()
                .filter(text -> text.contains(" ERROR "))
                .map(text -> text.lines().findFirst().orElseThrow())
                .toList();
    }
}

package dev.ligature.processor;

import static dev.ligature.processor.Inline.source;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.JavaFileObjects;
import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.tools.JavaFileObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs generated classes on models of every allowed shape. */
class GeneratedCodeTest {
    private static final JavaFileObject PART =
            source(
                    "m.Part",
                    "final class Part extends ToyBlock {",
                    "    @LoraTarget Block w = new ToyBlock() {};",
                    "    @LoraTarget Block absent;",
                    "}");

    @TempDir Path work;

    @Test
    void listsArraysAndMaps_areWalkedInOrder_mapsByTheirKeys() throws Exception {
        List<String> met =
                walk(
                        PART,
                        source(
                                "m.Model",
                                "import java.util.*;",
                                "class Model extends ToyBlock {",
                                "    @LoraTarget List<Block> many = List.of(new Part(), new"
                                        + " Part());",
                                "    @LoraTarget Block[] few = {new Part()};",
                                "    @LoraTarget Map<String, Block> keyed ="
                                        + " Map.of(\"b\", new Part(), \"a\", new Part());",
                                "    @LoraTarget final List<Block> fixed = new ArrayList<>(many);",
                                "    @LoraTarget final Block[] fixedArray = {new Part()};",
                                "    @LoraTarget final Map<String, Block> fixedMap ="
                                        + " new HashMap<>(Map.of(\"k\", new Part()));",
                                "    @LoraChild final List<Part> list = List.of(new Part(), new"
                                        + " Part());",
                                "    @LoraChild final Part[] array = {new Part()};",
                                "    @LoraChild final Map<String, Part> map = new"
                                        + " LinkedHashMap<>();",
                                "    Model() {",
                                "        map.put(\"b\", new Part());",
                                "        map.put(\"a\", new Part());",
                                "        map.put(\"10\", new Part());",
                                "    }",
                                "}"));

        assertEquals(
                List.of(
                        "many.0",
                        "many.1",
                        "few.0",
                        "keyed.a",
                        "keyed.b",
                        "fixed.0",
                        "fixed.1",
                        "fixed_array.0",
                        "fixed_map.k",
                        "list.0.w",
                        "list.1.w",
                        "array.0.w",
                        "map.10.w",
                        "map.a.w",
                        "map.b.w"),
                met);
    }

    @Test
    void absentModulesAndChildren_andTiesOfThem_arePassedOver() throws Exception {
        List<String> met =
                walk(
                        PART,
                        source(
                                "m.Model",
                                "import java.util.*;",
                                "@Tied(module = \"part.absent\", value = \"part.w\")",
                                "@Tied(module = \"gone.w\", value = \"part.w\")",
                                "class Model extends ToyBlock {",
                                "    @LoraTarget Block absent;",
                                "    @LoraTarget List<Block> many;",
                                "    @LoraTarget Block[] few;",
                                "    @LoraChild List<Part> list;",
                                "    @LoraChild Part[] array;",
                                "    @LoraChild Map<String, Part> map;",
                                "    @LoraChild Part gone;",
                                "    @LoraChild Part part = new Part();",
                                "}"));

        assertEquals(List.of("part.w"), met);
    }

    @Test
    void aTieToAnAbsentModule_isAnError() {
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () ->
                                walk(
                                        PART,
                                        source(
                                                "m.Model",
                                                "class Model extends ToyBlock {",
                                                "    @LoraChild Part part = new Part();",
                                                "    @LoraTarget @Tied(\"part.absent\")",
                                                "    Block head = new Part();",
                                                "}")));

        assertEquals("LoraTieSourceAbsent", error.code());
        assertTrue(error.getMessage().contains("head is tied to part.absent"));
    }

    @Test
    void oneClassUnderTwoNames_isTwoModules_whichCanBeTied() throws Exception {
        List<String> met =
                walk(
                        PART,
                        source(
                                "m.Model",
                                "@Tied(module = \"decoder.w\", value = \"encoder.w\")",
                                "class Model extends ToyBlock {",
                                "    @LoraChild Part encoder = new Part();",
                                "    @LoraChild Part decoder = new Part();",
                                "}"));

        assertEquals(List.of("encoder.w", "decoder.w", "decoder.w = encoder.w"), met);
    }

    @Test
    void conditionsAreFieldsAndMethods_ownAndInherited_readWhenWalked() throws Exception {
        List<String> met =
                walk(
                        source(
                                "m.Base",
                                "abstract class Base extends ToyBlock {",
                                "    @LoraTarget(role = Role.INPUT_EMBEDDING) Block in = new"
                                        + " ToyBlock() {};",
                                "    boolean off;",
                                "    boolean inherited() { return true; }",
                                "}"),
                        source(
                                "m.Model",
                                "class Model extends Base {",
                                "    @LoraTarget @Tied(value = \"in\", when = \"on\") Block a ="
                                        + " in;",
                                "    @LoraTarget @Tied(value = \"in\", when = \"off\") Block b ="
                                        + " in;",
                                "    @LoraTarget @Tied(value = \"in\", when = \"inherited\") Block"
                                        + " c = in;",
                                "    @LoraTarget @Tied(value = \"c\", when = \"never\") Block d ="
                                        + " in;",
                                "    @LoraTarget @Tied(\"in\") Block e = in;",
                                "    @LoraTarget @Tied(value = \"in\", when = \"config.yes\") Block"
                                        + " f = in;",
                                "    @LoraTarget @Tied(value = \"in\", when = \"made.no\") Block g"
                                        + " = in;",
                                "    record Config(boolean yes, boolean no) {}",
                                "    final Config config = new Config(true, false);",
                                "    Config made() { return config; }",
                                "    final boolean on = true;",
                                "    boolean never() { return false; }",
                                "}"));

        assertEquals(
                List.of(
                        "in INPUT_EMBEDDING",
                        "a",
                        "b",
                        "c",
                        "d",
                        "e",
                        "f",
                        "g",
                        "a = in",
                        "c = in",
                        "e = in",
                        "f = in"),
                met);
    }

    @Test
    void aSuperclassInAnotherPackage_isWalkedFirst_byItsOwnGeneratedClass() throws Exception {
        List<String> met =
                walk(
                        JavaFileObjects.forSourceString(
                                "far.Base",
                                "package far;\n"
                                        + Inline.IMPORTS
                                        + "public abstract class Base extends ToyBlock {\n"
                                        + "  @LoraTarget Block norm = new ToyBlock() {};\n"
                                        + "  @LoraTarget Block dense = new ToyBlock() {};\n"
                                        + "}\n"),
                        source("m.Between", "abstract class Between extends far.Base {}"),
                        source(
                                "m.Model",
                                "class Model extends Between {",
                                "    @LoraTarget @Tied(\"dense\") Block head = new ToyBlock() {};",
                                "}"));

        assertEquals(List.of("norm", "dense", "head", "head = dense"), met);
    }

    @Test
    void aTypeVariable_countsAsItsBound_inFieldsListsAndSubclasses() throws Exception {
        List<String> met =
                walk(
                        PART,
                        source(
                                "m.Layer",
                                "class Layer<T> extends ToyBlock {",
                                "    @LoraTarget Block w = new ToyBlock() {};",
                                "    T other;",
                                "}"),
                        source(
                                "m.Stack",
                                "class Stack<L extends Layer<String>, P extends Part> extends"
                                        + " ToyBlock {",
                                "    @LoraChild java.util.List<L> layers;",
                                "    @LoraChild P part;",
                                "    @LoraChild Layer<L> one = new Layer<>();",
                                "}"),
                        source(
                                "m.Model",
                                "class Model extends Stack<Layer<String>, Part> {",
                                "    Model() { layers = java.util.List.of(new Layer<String>());"
                                        + " part = new Part(); }",
                                "    @LoraTarget Block head = new ToyBlock() {};",
                                "}"));

        assertEquals(List.of("layers.0.w", "part.w", "one.w", "head"), met);
    }

    @Test
    void sealedChildren_areWalkedByTheClassThatTheyHave() throws Exception {
        List<String> met =
                walk(
                        SEALED,
                        sealedModel(
                                "new Attention.Wide()",
                                "new Attention.None()",
                                "new Attention.Open()"));

        assertEquals(List.of("attn.0.q", "attn.0.k", "attn.1.q", "attn.2.q", "attn.2.v"), met);
    }

    @Test
    void aSubclassThatIsNotKnown_isAnErrorWithBothNames() {
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> walk(SEALED, sealedModel("new Attention.Open() {}")));

        assertEquals("LoraUnknownSubclass", error.code());
        assertTrue(
                error.getMessage().contains("m.Attention but holds a m.Model$1"),
                error.getMessage());
    }

    @Test
    void nestedAndPackagePrivateClasses_andThoseOfOtherProcessors_run() throws Exception {
        Compilation compilation =
                Inline.compiler(
                                new Generator(
                                        Map.of(
                                                "m.Made",
                                                "class Made extends ToyBlock { @LoraTarget Block w"
                                                        + " = new ToyBlock() {}; @LoraChild"
                                                        + " Model.Nested nested = new"
                                                        + " Model.Nested(); }")),
                                new LoraProcessor())
                        .compile(
                                source(
                                        "m.Model",
                                        "class Model extends ToyBlock {",
                                        "    @LoraChild Made made = new Made();",
                                        "    static class Nested extends ToyBlock {",
                                        "        @LoraTarget(\"v.u\") Block v = new ToyBlock() {};",
                                        "    }",
                                        "}"));

        assertEquals(List.of("made.w", "made.nested.v.u"), walk(compilation));
    }

    @Test
    void modulesAreNamedByConstants_soThatARenamedOneBreaksTheBuild() {
        JavaFileObject config =
                source(
                        "m.Config",
                        "class Config {",
                        "    Object config = dev.ligature.config.LoraConfig.builder()",
                        "            .setTargetModules(LayerLora.Q_PROJ, LayerLora.UP)",
                        "            .build();",
                        "}");
        String layer =
                "class Layer extends ToyBlock { @LoraTarget Block %s; @LoraTarget(\"up\") Block u;"
                        + " }";

        assertEquals(
                List.of(),
                Inline.texts(Inline.compile(config, source("m.Layer", layer.formatted("qProj")))));
        List<String> errors =
                Inline.texts(Inline.compile(config, source("m.Layer", layer.formatted("query"))));
        assertEquals(1, errors.size(), errors.toString());
        assertTrue(
                errors.get(0).startsWith("Config.java:7:40 ERROR cannot find symbol"),
                errors.get(0));
    }

    @Test
    void elementsOfListsArraysAndMaps_areNamedByMethods() throws Exception {
        Compilation compilation =
                Inline.compile(
                        source(
                                "m.Model",
                                "import java.util.*;",
                                "class Model extends ToyBlock {",
                                "    @LoraTarget(\"mlp.experts\") List<Block> experts;",
                                "    @LoraTarget Block[] load;",
                                "    @LoraTarget Map<String, Block> heads;",
                                "    public String toString() {",
                                "        return ModelLora.experts(3) + \" \" + ModelLora.load(0)",
                                "                + \" \" + ModelLora.heads(\"en\");",
                                "    }",
                                "}"));
        assertEquals(List.of(), Inline.texts(compilation));

        try (Walk walk = new Walk(compilation, work)) {
            assertEquals("mlp.experts.3 load.0 heads.en", walk.create("m.Model").toString());
        }
    }

    @Test
    void loadAndUntie_callTheRuntimeWithTheModel() throws Exception {
        Compilation compilation =
                Inline.compile(
                        source(
                                "m.Model",
                                "class Model extends ToyBlock",
                                "        implements Runnable, java.util.concurrent.Callable<Object>"
                                        + " {",
                                "    @LoraTarget Block head = new ToyBlock() {};",
                                "    public void run() {",
                                "        ModelLora.untie(this, \"haed\");",
                                "    }",
                                "    public Object call() throws java.io.IOException {",
                                "        Object none = java.lang.reflect.Proxy.newProxyInstance(",
                                "            ai.djl.ndarray.NDManager.class.getClassLoader(),",
                                "            new Class<?>[] {ai.djl.ndarray.NDManager.class},",
                                "            (self, method, arguments) -> null);",
                                "        ModelLora.load(java.nio.file.Path.of(\"nowhere\"), this,"
                                        + " (ai.djl.ndarray.NDManager) none);",
                                "        return this;",
                                "    }",
                                "}"));
        assertEquals(List.of(), Inline.texts(compilation));

        try (Walk walk = new Walk(compilation, work)) {
            Object model = walk.create("m.Model");
            LoraException error = assertThrows(LoraException.class, ((Runnable) model)::run);
            assertEquals("LoraUntie", error.code());
            assertTrue(error.getMessage().contains("Did you mean head?"), error.getMessage());
            CheckpointException missing =
                    assertThrows(CheckpointException.class, ((Callable<?>) model)::call);
            assertTrue(missing.getMessage().contains("nowhere"), missing.getMessage());
        }
    }

    @Test
    void aClassOfThousandsOfModulesChildrenAndTies_compilesAndIsWalked() throws Exception {
        List<String> lines = new ArrayList<>(List.of("class Model extends ToyBlock {"));
        lines.add("    @LoraTarget Block first = new Part();");
        lines.add("    boolean on = true;");
        for (int i = 0; i < 800; i++) {
            lines.add("    @LoraChild Part c" + i + ";");
        }
        for (int i = 0; i < 3000; i++) {
            String tie = i < 600 ? "@Tied(value = \"first\", when = \"on\") " : "";
            lines.add("    @LoraTarget " + tie + "Block b" + i + ";");
        }
        lines.add("    Model() { c799 = new Part(); b0 = b599 = b2999 = new Part(); }");
        lines.add("    public String toString() { return \"\" + ModelLora.describe(); }");
        lines.add("}");
        Compilation compilation =
                Inline.compile(PART, source("m.Model", lines.toArray(String[]::new)));
        assertEquals(List.of(), Inline.texts(compilation));

        try (Walk walk = new Walk(compilation, work)) {
            Object model = walk.create("m.Model");
            String described = model.toString();
            assertEquals(1 + 800 * 2 + 3000, described.split("Module\\[", -1).length - 1);
            assertEquals(600, described.split("Tie\\[", -1).length - 1);
            assertEquals(
                    List.of("first", "c799.w", "b0", "b599", "b2999", "b0 = first", "b599 = first"),
                    walk.of(model, "m.ModelLora"));
        }
    }

    private static final JavaFileObject SEALED =
            source(
                    "m.Attention",
                    "abstract sealed class Attention extends ToyBlock {",
                    "    @LoraTarget Block q = new ToyBlock() {};",
                    "    static final class Wide extends Attention {",
                    "        @LoraTarget Block k = new ToyBlock() {};",
                    "    }",
                    "    static final class None extends Attention {}",
                    "    static non-sealed class Open extends Attention {",
                    "        @LoraTarget Block v = new ToyBlock() {};",
                    "    }",
                    "}");

    private static JavaFileObject sealedModel(String... children) {
        return source(
                "m.Model",
                "class Model extends ToyBlock {",
                "    @LoraChild Attention[] attn = {" + String.join(", ", children) + "};",
                "}");
    }

    private List<String> walk(JavaFileObject... sources) throws Exception {
        return walk(Inline.compile(sources));
    }

    /** Walks a new m.Model. */
    private List<String> walk(Compilation compilation) throws Exception {
        assertEquals(List.of(), Inline.texts(compilation));
        try (Walk walk = new Walk(compilation, work)) {
            return walk.of(walk.create("m.Model"), "m.ModelLora");
        }
    }
}

package dev.ligature.inject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ModuleWalkerTest {
    private final Recorder recorder = new Recorder();

    @Test
    void names_composeThroughChildrenListsArraysAndSortedMaps() {
        walk(
                (leaf, visitor) -> {
                    visitor.child("model", leaf, Leaf::visit);
                    visitor.children("layers", List.of(leaf(), leaf()), Leaf::visit);
                    visitor.children("heads", new Leaf[] {leaf()}, Leaf::visit);
                    visitor.children("experts", Map.of("b", leaf(), "a", leaf()), Leaf::visit);
                });

        assertEquals(
                List.of(
                        "model.q",
                        "layers.0.q",
                        "layers.1.q",
                        "heads.0.q",
                        "experts.a.q",
                        "experts.b.q"),
                recorder.seen);
    }

    @Test
    void modules_ofListsAndArraysAreExchanged() {
        Block first = block();
        Block second = block();
        walk(
                (leaf, visitor) -> {
                    List<Block> list = visitor.modules("l", Role.MODULE, List.of(first, second));
                    assertEquals(List.of(recorder.replacement, recorder.replacement), list);
                    Block[] array = visitor.modules("a", Role.MODULE, new Block[] {first});
                    assertArrayEquals(new Block[] {recorder.replacement}, array);
                    assertSame(recorder.replacement, visitor.module("m", Role.MODULE, first));
                });

        assertEquals(List.of("l.0", "l.1", "a.0", "m"), recorder.seen);
    }

    @Test
    void whatIsAbsent_isPassedOver() {
        walk(
                (leaf, visitor) -> {
                    assertNull(visitor.module("m", Role.MODULE, null));
                    assertNull(visitor.modules("l", Role.MODULE, (List<Block>) null));
                    assertNull(visitor.modules("a", Role.MODULE, (Block[]) null));
                    visitor.child("c", (Leaf) null, Leaf::visit);
                    visitor.children("cs", (List<Leaf>) null, Leaf::visit);
                    visitor.tie("m", "nowhere");
                });

        assertEquals(List.of(), recorder.seen);
        assertEquals(List.of(), recorder.ties);
    }

    @Test
    void elementsOfFinalFields_areReplacedWhereTheyAre_thoseOfAMapByTheirKeys() {
        Block first = block();
        List<Block> list = new ArrayList<>(List.of(first));
        Block[] array = {first};
        Map<String, Block> map = new LinkedHashMap<>();
        map.put("b", first);
        map.put("a", first);
        walk(
                (leaf, visitor) -> {
                    visitor.elements("l", Role.MODULE, list);
                    visitor.elements("a", Role.MODULE, array);
                    visitor.elements("m", Role.MODULE, map);
                    visitor.elements("none", Role.MODULE, List.of());
                    visitor.elements("absent", Role.MODULE, (List<Block>) null);
                    Map<String, Block> copy = visitor.modules("n", Role.MODULE, Map.of("k", first));
                    assertEquals(Map.of("k", recorder.replacement), copy);
                });

        assertEquals(List.of("l.0", "a.0", "m.a", "m.b", "n.k"), recorder.seen);
        assertEquals(List.of(recorder.replacement), list);
        assertArrayEquals(new Block[] {recorder.replacement}, array);
        assertEquals(List.of("b", "a"), List.copyOf(map.keySet()));
        assertSame(recorder.replacement, map.get("b"));
    }

    @Test
    void aFinalFieldWhoseElementsAreFixed_isAnError_beforeAnyIsShown() {
        Block first = block();
        List<ModelWalk<Leaf>> fixed =
                List.of(
                        (leaf, visitor) ->
                                visitor.elements("f", Role.MODULE, List.of(first, first)),
                        (leaf, visitor) -> visitor.elements("f", Role.MODULE, Map.of("k", first)),
                        (leaf, visitor) -> visitor.elements("f", Role.MODULE, new LambdaBlock[1]));
        for (ModelWalk<Leaf> walk : fixed) {
            LoraException error = fails("LoraFixedElements", walk);
            assertTrue(error.getMessage().contains("The field of f is"), error.getMessage());
            assertEquals(List.of(), recorder.seen);
        }
    }

    @Test
    void aNullElement_isAnErrorWithItsPlace() {
        LoraException error =
                fails(
                        "LoraNullElement",
                        (leaf, visitor) ->
                                visitor.child(
                                        "model",
                                        leaf,
                                        (l, v) ->
                                                v.children(
                                                        "layers",
                                                        Arrays.asList(l, null),
                                                        Leaf::visit)));
        assertTrue(error.getMessage().contains("Element 1 of model.layers"), error.getMessage());
    }

    @Test
    void aMapKeyWithADot_isAnError() {
        fails(
                "LoraMapKey",
                (leaf, visitor) -> visitor.children("experts", Map.of("a.b", leaf), Leaf::visit));
    }

    @Test
    void aSubclassThatTheGeneratedCodeDoesNotKnow_isAnErrorWithBothClasses() {
        LoraException error =
                fails(
                        "LoraUnknownSubclass",
                        (leaf, visitor) ->
                                visitor.child("c", new OtherLeaf(), Leaf.class, Leaf::visit));
        assertTrue(error.getMessage().contains("Child c "), error.getMessage());
        assertTrue(error.getMessage().contains("$Leaf"), error.getMessage());
        assertTrue(error.getMessage().contains("$OtherLeaf"), error.getMessage());
    }

    @Test
    void aNameTwice_isAnError() {
        fails(
                "LoraDuplicateModule",
                (leaf, visitor) -> {
                    visitor.child("c", leaf, Leaf::visit);
                    visitor.child("c", leaf, Leaf::visit);
                });
    }

    @Test
    void ties_areScoped_andNeedTheirSource() {
        walk(
                (leaf, visitor) ->
                        visitor.child(
                                "model",
                                leaf,
                                (l, v) -> {
                                    v.module("head", Role.MODULE, block());
                                    v.module("embed", Role.MODULE, block());
                                    v.tie("head", "embed");
                                }));
        assertEquals(List.of("model.head->model.embed"), recorder.ties);

        LoraException error =
                fails(
                        "LoraTieSourceAbsent",
                        (leaf, visitor) -> {
                            visitor.module("h", Role.MODULE, block());
                            visitor.tie("h", "embed");
                        });
        assertTrue(error.getMessage().contains("tied to embed"), error.getMessage());
    }

    @Test
    void aDescription_prefixesChildrenAndMarksIndices() {
        ModelDescription attention =
                ModelDescription.builder().module("q_proj", Role.MODULE).build();
        ModelDescription model =
                ModelDescription.builder()
                        .module("embed", Role.INPUT_EMBEDDING)
                        .children("layers", attention)
                        .modules("experts", Role.MODULE)
                        .tie("out", "embed", "")
                        .build();
        ModelDescription whole = ModelDescription.builder().child("model", model).build();

        assertEquals(
                List.of("model.embed", "model.layers.*.q_proj", "model.experts.*"),
                whole.modules().stream().map(ModelDescription.Module::name).toList());
        assertEquals(
                List.of(new ModelDescription.Tie("model.out", "model.embed", "")), whole.ties());
    }

    private void walk(ModelWalk<Leaf> visit) {
        ModuleWalker.walk(leaf(), visit, recorder);
    }

    private LoraException fails(String code, ModelWalk<Leaf> visit) {
        LoraException error = assertThrows(LoraException.class, () -> walk(visit));
        assertEquals(code, error.code());
        return error;
    }

    private static Leaf leaf() {
        return new Leaf();
    }

    private static Block block() {
        return new LambdaBlock(inputs -> inputs);
    }

    /** A model with one module. */
    private static class Leaf {
        Block q = block();

        static void visit(Leaf leaf, ModuleWalker visitor) {
            leaf.q = visitor.module("q", Role.MODULE, leaf.q);
        }
    }

    private static final class OtherLeaf extends Leaf {}

    private static final class Recorder implements ModuleVisitor {
        final List<String> seen = new ArrayList<>();
        final List<String> ties = new ArrayList<>();
        final Block replacement = Blocks.identityBlock();

        @Override
        public Block module(String path, Role role, Block block) {
            seen.add(path);
            return replacement;
        }

        @Override
        public void tie(String reader, String source) {
            ties.add(reader + "->" + source);
        }
    }
}

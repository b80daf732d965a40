package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import dev.ligature.annotation.Role;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.peft.AdapterDirectory;
import dev.ligature.plan.PairPlan;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Defects of PEFT 0.21 around tied weights that are tested nowhere else; docs/peft-differences.md
 * has the table of all of them, with their numbers there and here.
 */
final class PeftDefectTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    @TempDir Path folder;

    private static LoraConfig tied(String... targets) {
        return config(targets).optEnsureWeightTying(true).build();
    }

    /** Returns the names of the modules that read a pair. */
    private static List<String> readers(FactorPair pair) {
        return pair.plan().readers().stream().map(PairPlan.Reader::module).toList();
    }

    @Test
    @Tag("D1")
    void d1_aHalfBase_keepsOnePairThroughTraining_andIsMergedAsOneWeight() {
        LoraModel lora =
                LoraModel.wrap(ToyModel.create(true, manager, DataType.FLOAT16), ToyModel::visit);
        AdapterState adapter = (AdapterState) lora.create("a", tied("embed", "head"));
        TrainingConfig config = TrainingConfig.builder().optLearningRate(0.01).build();
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(A), manager, config)) {
            for (int step = 0; step < 20; step++) {
                loop.step(ids().head());
            }
        }
        assertEquals(1, adapter.pairs().size());
        assertEquals(2, adapter.parameters().size());
        assertEquals(List.of("embed", "head"), readers(adapter.pairs().get(0)));
        try (MergedModel merged = lora.merge(A)) {
            assertSame(
                    merged.weights.tensors().get("embed.weight"),
                    merged.weights.tensors().get("head.weight"));
        }
    }

    @Test
    @Tag("D2")
    @Tag("D3")
    void d2_andD3_everyAdapterIsTied_created_orLoadedIntoABaseOfAnotherDataType()
            throws IOException {
        LoraModel lora = wrapToy(true);
        scramble((AdapterState) lora.create("first", tied("head")), 1);
        AdapterState second = (AdapterState) lora.create("second", tied("head"));
        assertEquals(List.of("embed", "head"), readers(second.pairs().get(0)));
        lora.save("first", folder.resolve("first"));
        LoraModel wide =
                LoraModel.wrap(ToyModel.create(true, manager, DataType.FLOAT64), ToyModel::visit);
        wide.load("other", folder.resolve("first"));
        AdapterState loaded = (AdapterState) wide.load("a", folder.resolve("first"));
        assertEquals(List.of("embed", "head"), readers(loaded.pairs().get(0)));
        assertEquals(2, loaded.parameters().size());
        assertEquals(DataType.FLOAT64, loaded.pairs().get(0).loraA().getArray().getDataType());
        FactorPair pair = loaded.pairs().get(0);
        NDArray logits = wide.forward(store, ids(), A).singletonOrThrow();
        Numbers.assertClose(byHand(wide, pair, null, pair), logits, 1e-6);
    }

    @Test
    @Tag("D4")
    @Tag("D23")
    void d4_andD23_oneCopyInTheFileIsEnough_ofFactorsOfAWholeWeightAndOfRows() throws IOException {
        LoraModel lora = wrapToy(true);
        scramble((AdapterState) lora.create("pair", tied("head", "proj")), 2);
        scramble(
                (AdapterState)
                        lora.create(
                                "copy",
                                config("proj")
                                        .optModulesToSave("head")
                                        .optEnsureWeightTying(true)
                                        .build()),
                3);
        for (String name : List.of("pair", "copy")) {
            for (String gone : List.of("head.", "embed.")) {
                Path saved = folder.resolve(name + "-without-" + gone);
                lora.save(name, saved);
                drop(saved, "base_model.model." + gone);
                AdapterState loaded = (AdapterState) lora.load("loaded", saved);
                NDArray expected = lora.forward(store, ids(), Routing.of(name)).singletonOrThrow();
                NDArray found = lora.forward(store, ids(), Routing.of("loaded")).singletonOrThrow();
                assertArrayEquals(expected.toFloatArray(), found.toFloatArray(), name);
                assertEquals(lora.adapter(name).parameters().keys(), loaded.parameters().keys());
                lora.remove("loaded");
            }
        }
    }

    private void drop(Path adapter, String prefix) throws IOException {
        Path file = adapter.resolve(AdapterDirectory.WEIGHTS);
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String key : reader.tensors().keySet()) {
                if (!key.startsWith(prefix)) {
                    tensors.put(key, reader.read(key, manager));
                }
            }
            assertTrue(tensors.size() < reader.tensors().size(), prefix);
        }
        SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
    }

    @Test
    @Tag("D5")
    void d5_aTiedPairStartsOnce_asALinearOne_whoeverIsNamed() {
        double bound = 1 / Math.sqrt(ToyModel.D);
        for (String target : List.of("embed", "head")) {
            LoraModel lora = wrapToy(true);
            FactorPair pair = ((AdapterState) lora.create("a", tied(target))).pairs().get(0);
            double squares = 0;
            for (float value : pair.loraA().getArray().toFloatArray()) {
                assertTrue(Math.abs(value) <= bound, "A is uniform within 1/sqrt(in): " + value);
                squares += value * value;
            }
            assertTrue(squares > 0);
            assertArrayEquals(
                    new float[2 * ToyModel.V], pair.loraB().getArray().toFloatArray(), "B is 0");
        }
    }

    @Test
    @Tag("D13")
    void d13_theFileIsTheSameHoweverTheTargetsAreSpelled_andHasNoWeightOfTheBase()
            throws IOException {
        LoraModel lora = wrapToy(true);
        List<LoraConfig> spellings =
                List.of(
                        tied("embed"),
                        tied("head"),
                        tied("embed", "head"),
                        LoraConfig.builder()
                                .setTargetModulesRegex("em.*")
                                .optRank(2)
                                .optEnsureWeightTying(true)
                                .build());
        Set<Set<String>> keys = new java.util.HashSet<>();
        for (int i = 0; i < spellings.size(); i++) {
            lora.create("a" + i, spellings.get(i));
            Path saved = folder.resolve("a" + i);
            lora.save("a" + i, saved);
            try (SafetensorsReader reader =
                    SafetensorsReader.open(saved.resolve(AdapterDirectory.WEIGHTS))) {
                keys.add(new TreeSet<>(reader.tensors().keySet()));
            }
        }
        assertEquals(1, keys.size(), keys.toString());
        assertEquals(
                Set.of(
                        "base_model.model.embed.lora_embedding_A",
                        "base_model.model.embed.lora_embedding_B",
                        "base_model.model.head.lora_A.weight",
                        "base_model.model.head.lora_B.weight"),
                keys.iterator().next());
    }

    @Test
    @Tag("D16")
    void d16_anAdapterIsCopiedByItsFiles_andTheCopyIsTiedToo() throws IOException {
        LoraModel lora = wrapToy(true);
        AdapterState original = (AdapterState) lora.create("a", tied("head"));
        scramble(original, 4);
        lora.save("a", folder.resolve("a"));
        AdapterState copy =
                (AdapterState)
                        lora.load(
                                "b",
                                folder.resolve("a"),
                                AdapterLoadOptions.defaults().trainable());
        TrainingConfig config = TrainingConfig.builder().optLearningRate(0.01).build();
        float[] before = original.pairs().get(0).loraA().getArray().toFloatArray();
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(Routing.of("b")), manager, config)) {
            loop.step(ids().head());
        }
        assertArrayEquals(before, original.pairs().get(0).loraA().getArray().toFloatArray());
        assertEquals(List.of("embed", "head"), readers(copy.pairs().get(0)));
    }

    @Test
    @Tag("D24")
    void d24_loadingATiedAdapter_warnsOfNothing() throws IOException {
        LoraModel lora = wrapToy(true);
        lora.create("a", tied("head"));
        lora.save("a", folder.resolve("a"));
        assertEquals(List.of(), lora.load("b", folder.resolve("a")).plan().warnings());
    }

    @Test
    @Tag("D25")
    void d25_aConfiguration_isWhatItWasAfterItWasUsed() {
        LoraConfig config =
                config("proj", "embed").optModulesToSave("norm").optAllowUnmatched(true).build();
        LoraConfig same =
                config("proj", "embed").optModulesToSave("norm").optAllowUnmatched(true).build();
        wrapToy(true).create("a", config);
        assertEquals(same, config);
        assertEquals(List.of("norm"), config.modulesToSave());
    }

    @Test
    @Tag("D27")
    void d27_aForwardPass_writesNothingToTheFactorsOfAnEmbedding() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter = (AdapterState) lora.create("a", tied("embed"));
        scramble(adapter, 5);
        float[] a = adapter.pairs().get(0).loraA().getArray().toFloatArray();
        float[] b = adapter.pairs().get(0).loraB().getArray().toFloatArray();
        lora.forward(store, ids(), A);
        lora.routed(A).forward(store, ids(), true);
        assertArrayEquals(a, adapter.pairs().get(0).loraA().getArray().toFloatArray());
        assertArrayEquals(b, adapter.pairs().get(0).loraB().getArray().toFloatArray());
    }

    @Test
    @Tag("D28")
    void d28_oneEmbeddingUnderTwoNames_isAdaptedWhereverItIsCalled() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        Block[] encoder = {model.embed};
        LoraModel lora =
                LoraModel.wrap(
                        model,
                        (m, visitor) -> {
                            m.embed = visitor.module("shared", Role.INPUT_EMBEDDING, m.embed);
                            m.proj = visitor.module("proj", Role.MODULE, m.proj);
                            encoder[0] = visitor.module("encoder.embed", Role.MODULE, encoder[0]);
                            m.head = visitor.module("head", Role.OUTPUT_HEAD, m.head);
                            visitor.tie("head", "shared");
                        });
        AdapterState adapter = (AdapterState) lora.create("a", tied("encoder.embed"));
        scramble(adapter, 6);
        assertSame(model.embed, encoder[0]);
        assertFalse(adapter.pairs().isEmpty());
        FactorPair pair = adapter.pairs().get(0);
        assertEquals(List.of("shared", "head"), readers(pair));
        Numbers.assertClose(
                byHand(lora, pair, null, pair),
                lora.forward(store, ids(), A).singletonOrThrow(),
                1e-5);
    }
}

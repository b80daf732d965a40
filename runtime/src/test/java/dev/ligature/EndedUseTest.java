package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.Role;
import dev.ligature.block.TiedLinear;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.slot.SlotBlock;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is used after its end, or is given what it is not for, says so with a code. */
final class EndedUseTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    private TrainingLoop loop(Block block) {
        return TrainingLoop.over(block, manager, TrainingConfig.builder().build());
    }

    @Test
    void aRemovedAdapter_cannotBeTrainedOrFrozen() {
        LoraModel lora = wrapToy(false);
        Adapter adapter = lora.create("a", config("proj").build());
        Block routed = lora.routed(A);
        try (TrainingLoop loop = loop(routed)) {
            loop.step(ids().head());
            lora.remove("a");
            LoraModelTest.assertCode("LoraAdapterRemoved", () -> loop.step(ids().head()));
        }
        LoraModelTest.assertCode("LoraAdapterRemoved", () -> adapter.setTrainable(false));
        LoraModelTest.assertCode("LoraAdapterRemoved", () -> routed.freezeParameters(true));
        LoraModelTest.assertCode(
                "LoraAdapterRemoved", () -> routed.freezeParameters(true, parameter -> true));
        LoraModelTest.assertCode("LoraAdapterRemoved", adapter::parameters);
        LoraModelTest.assertCode("LoraAdapterRemoved", () -> loop(routed));
    }

    @Test
    void aClosedLoop_saysSo() {
        LoraModel lora = wrapToy(false);
        lora.create("a", config("proj").build());
        TrainingLoop loop = loop(lora.routed(A));
        loop.close();
        LoraModelTest.assertCode("TrainClosed", () -> loop.step(ids().head()));
        LoraModelTest.assertCode("TrainClosed", () -> loop.evaluate(ids()));
    }

    @Test
    void aBaseWhoseManagerIsClosed_saysSo_andIsClosedWithoutAnError() {
        NDManager owner = NDManager.newBaseManager();
        LoraModel lora =
                LoraModel.wrap(ToyModel.create(false, owner, DataType.FLOAT32), ToyModel::visit);
        lora.create("a", config("proj").build());
        Block routed = lora.routed(A);
        MergedModel merged = lora.merge(A);
        owner.close();
        LoraModelTest.assertCode("LoraBaseClosed", () -> lora.forward(store, ids(), A));
        LoraModelTest.assertCode("LoraBaseClosed", () -> lora.forward(store, ids(), false));
        LoraModelTest.assertCode("LoraBaseClosed", () -> routed.forward(store, ids(), false));
        LoraModelTest.assertCode("LoraBaseClosed", () -> merged.forward(store, ids(), false));
        LoraModelTest.assertCode("LoraBaseClosed", () -> lora.create("b", config("proj").build()));
        merged.close();
        lora.close();
    }

    @Test
    void aModelThatIsNoLanguageModel_isNotForTheLoop() {
        LoraModel lora =
                LoraModel.wrap(
                        OneLayer.create(
                                Linear.builder().setUnits(3).build(),
                                Map.of(),
                                manager,
                                DataType.FLOAT32,
                                new Shape(1, 2)),
                        OneLayer::visit);
        lora.create("a", config("layer").build());
        try (TrainingLoop loop = loop(lora.routed(A))) {
            LoraException error =
                    LoraModelTest.assertCode("TrainBlock", () -> loop.step(ids().head()));
            assertTrue(error.getMessage().contains("(2, 2)"), error.getMessage());
            LoraModelTest.assertCode("TrainBlock", () -> loop.evaluate(ids()));
        }
    }

    @Test
    void aFileSystemsRoot_isNoDirectoryToSaveTo() {
        LoraModel lora = wrapToy(false);
        lora.create("a", config("proj").build());
        CheckpointException error =
                assertThrows(CheckpointException.class, () -> lora.save("a", Path.of("/")));
        assertEquals("OutputExists", error.code());
    }

    @Test
    void anAdapterThatTheApplicationRemoves_isLoadedAgainByTheStore(@TempDir Path folder)
            throws IOException {
        LoraModel lora = wrapToy(false);
        scramble((AdapterState) lora.create("a", config("proj").build()), 1);
        double[][] expected = Numbers.matrix(lora.forward(store, ids(), A).head());
        lora.save("a", folder.resolve("legal"));
        try (AdapterStore adapters = AdapterStore.open(lora, folder, 1 << 20)) {
            AdapterLease first = adapters.lease("legal");
            lora.remove(first.routedName());
            try (AdapterLease second = adapters.lease("legal")) {
                assertFalse(first.routedName().equals(second.routedName()));
                Numbers.assertClose(
                        expected, lora.forward(store, ids(), second.routing()).head(), 1e-6);
            }
            first.close();
            assertEquals(1, adapters.statistics().residentCount());
        }
    }

    @Test
    void aListOfModules_saysHowItsElementsAreNamed() {
        NamedLinears model = NamedLinears.create(manager, "embed", "layers.0", "layers.1");
        LoraModel lora = LoraModel.wrap(model, NamedLinears::visit);
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraEntryUnmatched", () -> lora.plan(config("layers").build()));
        assertTrue(
                error.getMessage().contains("name its elements, layers.0 and so on, or all of"),
                error.getMessage());
        LoraConfig all = LoraConfig.builder().setTargetModulesRegex(".*layers\\.[0-9]+").build();
        assertEquals(2, lora.plan(all).pairs().size());
        assertThrows(NullPointerException.class, () -> LoraConfig.builder().optBias(null));
    }

    @Test
    void aBlockThatIsUntiedUnderItsAdapters_isNoticed(@TempDir Path folder) {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("embed").optEnsureWeightTying(true).build());
        ((TiedLinear) ((SlotBlock) ((ToyModel) lora.base()).head).base()).untie();
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraWeightChanged", () -> lora.create("b", config("proj").build()));
        assertTrue(error.getMessage().contains("head, a TiedLinear"), error.getMessage());
        LoraModelTest.assertCode("LoraWeightChanged", () -> lora.merge(A));
        LoraModelTest.assertCode("LoraWeightChanged", () -> lora.forward(store, ids(), A));
        LoraModelTest.assertCode("LoraWeightChanged", () -> lora.save("a", folder.resolve("a")));
        lora.unwrap();
    }

    @Test
    void aBlockOutsideOfTheModelsTree_isFrozenWithIt_andAdapted() {
        Linear outside = Linear.builder().setUnits(3).build();
        outside.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        Holder model = new Holder(outside);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        LoraModel lora =
                LoraModel.wrap(
                        model,
                        (of, walker) -> of.layer = walker.module("layer", Role.MODULE, of.layer));
        Parameter weight = outside.getParameters().get("weight");
        assertFalse(weight.requiresGradient());
        scramble((AdapterState) lora.create("a", config("layer").build()), 1);
        NDList x = new NDList(manager.ones(new Shape(1, 2)));
        try (MergedModel merged = lora.merge(A)) {
            Numbers.assertClose(
                    Numbers.matrix(lora.forward(x, A).head()),
                    merged.forward(store, x, false).head(),
                    1e-5);
        }
        lora.unwrap();
        assertTrue(weight.requiresGradient());
    }

    /** A model whose author has not added its layer as a child. */
    private static final class Holder extends AbstractBlock {
        Block layer;

        Holder(Block layer) {
            super((byte) 1);
            this.layer = layer;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            return layer.forward(store, inputs, training, params);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return layer.getOutputShapes(inputShapes);
        }
    }
}

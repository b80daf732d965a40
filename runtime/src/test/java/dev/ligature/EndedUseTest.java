package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
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
}

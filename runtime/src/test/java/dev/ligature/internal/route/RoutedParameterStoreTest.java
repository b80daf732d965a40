package dev.ligature.internal.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.LoraModelTest;
import dev.ligature.Numbers;
import dev.ligature.Routing;
import dev.ligature.ToyModel;
import dev.ligature.ToyTest;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.slot.SlotBlock;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

final class RoutedParameterStoreTest extends ToyTest {
    @Test
    void aHeadWrittenAsAMatrixProduct_readsTheAdaptedWeight() {
        LoraModel lora = wrapToy(true);
        ((ToyModel) lora.base()).headPastItsField = true;
        AdapterState adapter =
                (AdapterState) lora.create("a", config("embed").optEnsureWeightTying(true).build());
        scramble(adapter, 1);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        FactorPair pair = adapter.pairs().get(0);
        Numbers.assertClose(byHand(lora, pair, null, pair), logits, 1e-5);
    }

    @Test
    void aHeadWrittenAsAMatrixProduct_refusesPairsThatDiffer() {
        LoraModel lora = wrapToy(true);
        ((ToyModel) lora.base()).headPastItsField = true;
        lora.create("a", config("embed").build());

        LoraException error =
                LoraModelTest.assertCode(
                        "LoraTieTreatedDifferently",
                        () -> lora.forward(store, ids(), Routing.of("a")));
        assertTrue(error.getMessage().contains("head (not adapted)"), error.getMessage());
    }

    @Test
    void anAdaptedBlockThatIsNeverCalled_isAnError() {
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        Block slot = model.proj;
        model.proj = Blocks.identityBlock(); // the forward pass leaves the module out
        lora.create("a", config("proj", "head").build());
        Block routed = lora.routed(Routing.of("a"));

        for (int i = 0; i < 2; i++) {
            LoraException error =
                    LoraModelTest.assertCode(
                            "LoraNeverReached", () -> routed.forward(store, ids(), false));
            assertTrue(error.getMessage().contains("adapts proj,"), error.getMessage());
        }
        model.proj = slot;
        routed.forward(store, ids(), false);
    }

    @Test
    void aBlockCalledPastItsField_isAdaptedThroughTheWeightItAsksFor() {
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        model.proj = ((SlotBlock) model.proj).base();
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        scramble(adapter, 5);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        Numbers.assertClose(byHand(lora, null, adapter.pairs().get(0), null), logits, 1e-5);
    }

    @Test
    void serving_buildsNoGraph_evenOfAnAdapterInTraining_inAnyThread() throws Exception {
        LoraModel lora = wrapToy(true);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        scramble(adapter, 2);
        assertTrue(adapter.isTrainable());
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            boolean graph =
                    other.submit(
                                    () -> {
                                        try (NDManager scope = NDManager.newBaseManager()) {
                                            NDList in = new NDList(ids().head().duplicate());
                                            in.attach(scope);
                                            return lora.forward(store, in, Routing.of("a"))
                                                    .head()
                                                    .hasGradient();
                                        }
                                    })
                            .get();
            assertFalse(graph);
        } finally {
            other.shutdownNow();
        }
    }

    @Test
    void aDoubleBase_hasDoubleFactors() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT64);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("proj", "embed").optEnsureWeightTying(true).build());
        scramble(adapter, 3);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        assertEquals(DataType.FLOAT64, logits.getDataType());
        FactorPair embed = adapter.pairs().get(0);
        Numbers.assertClose(byHand(lora, embed, adapter.pairs().get(1), embed), logits, 1e-12);
    }

    @Test
    void aHalfBase_hasSingleFactors_andHalfOutputs() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT16);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("proj", "embed").optEnsureWeightTying(true).build());
        scramble(adapter, 4);

        NDArray logits = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        assertEquals(DataType.FLOAT16, logits.getDataType());
        assertEquals(DataType.FLOAT32, adapter.pairs().get(0).loraA().getArray().getDataType());
        FactorPair embed = adapter.pairs().get(0);
        // Half precision keeps 11 bits; three layers lose a few of them.
        Numbers.assertClose(byHand(lora, embed, adapter.pairs().get(1), embed), logits, 4e-3);
    }

    @Test
    void aStoreOfTheCaller_keepsItsManager() {
        ParameterStore own = new ParameterStore(manager, false);
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());
        try (NDManager request = manager.newSubManager()) {
            NDList in = new NDList(request.create(IDS));
            NDArray logits = lora.forward(own, in, Routing.of("a")).singletonOrThrow();
            assertEquals(request, logits.getManager());
        }
        assertEquals(manager, own.getManager());
    }
}

package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;
import ai.djl.translate.NoopTranslator;
import ai.djl.util.PairList;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users call to serve a request, without a parameter store or a DJL model of their own. */
final class ServingFaceTest extends ToyTest {
    private static final Routing MINE = Routing.of("mine");

    @TempDir private Path folder;

    private LoraModel toy() {
        LoraModel lora = wrapToy(true);
        scramble(
                (AdapterState)
                        lora.create(
                                "mine", config("embed", "proj").optEnsureWeightTying(true).build()),
                1);
        lora.adapter("mine").setTrainable(false);
        return lora;
    }

    @Test
    void aRequestNeedsNoStore_andLeavesNoArrays() {
        LoraModel lora = toy();
        float[] expected = lora.forward(store, ids(), MINE).head().toFloatArray();
        int before = manager.getManagedArrays().size();
        for (int i = 0; i < 200; i++) {
            try (NDManager request = manager.newSubManager()) {
                NDList inputs = ids();
                inputs.attach(request);
                NDList outputs = lora.forward(inputs, MINE);
                assertEquals(request, outputs.head().getManager());
                assertArrayEquals(expected, outputs.head().toFloatArray());
            }
        }
        assertEquals(before, manager.getManagedArrays().size());
    }

    @Test
    void outputsMadeByTheStoresManager_outliveTheCall() {
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);
        model.head =
                new Around(
                        model.head, (store, y) -> store.getManager().zeros(y.getShape()).addi(y));
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        NDArray outputs = lora.forward(ids(), Routing.none()).head();
        assertFalse(outputs.isReleased());
        assertEquals(manager, outputs.getManager());
    }

    @Test
    void aPredictorServesItsRouting_andClosingItLeavesTheModel() throws Exception {
        LoraModel lora = toy();
        float[] expected = lora.forward(ids(), MINE).head().toFloatArray();
        float[] base = lora.forward(ids(), Routing.none()).head().toFloatArray();
        try (Predictor<NDList, NDList> predictor =
                lora.newPredictor(new NoopTranslator(null), MINE)) {
            assertArrayEquals(expected, predictor.predict(ids()).head().toFloatArray());
        }
        try (Predictor<NDList, NDList> predictor =
                lora.newPredictor(new NoopTranslator(null), Routing.none())) {
            assertArrayEquals(base, predictor.predict(ids()).head().toFloatArray());
        }
        assertArrayEquals(expected, lora.forward(ids(), MINE).head().toFloatArray());
    }

    @Test
    void adaptersAreListedByName() {
        LoraModel lora = toy();
        Adapter other = lora.create("a", config("proj").build());
        assertEquals(List.of(other, lora.adapter("mine")), lora.adapters());
        assertEquals(Set.of("a", "mine"), lora.adapterNames());
        assertTrue(lora.hasAdapter("mine"));
        assertFalse(lora.hasAdapter("none"));
        assertTrue(Adapter.isValidName("legal.v2"));
        assertFalse(Adapter.isValidName("../legal"));
    }

    @Test
    void closingAModelUnwrapsIt_onceAndForAll() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        NDArray factor;
        try (LoraModel lora = LoraModel.wrap(model, ToyModel::visit)) {
            factor = lora.create("mine", config("proj").build()).parameters().valueAt(0).getArray();
            assertFalse(factor.isReleased());
        }
        assertTrue(factor.isReleased());
        LoraModel again = LoraModel.wrap(model, ToyModel::visit);
        again.close();
        again.close();
        assertThrows(LoraException.class, () -> again.forward(store, ids(), Routing.none()));
    }

    @Test
    void anAdapterWithoutPairs_isSaved() throws Exception {
        LoraModel lora = wrapToy(false);
        LoraConfig config =
                LoraConfig.builder()
                        .optTargetParameters(List.of("missing.weight"))
                        .optAllowUnmatched(true)
                        .build();
        lora.create("empty", config);
        lora.save("empty", folder.resolve("empty"));
        assertTrue(folder.resolve("empty/adapter_model.safetensors").toFile().isFile());
    }

    @Test
    void aMergedModelHandsOnWhatItsStoreIsTold() {
        List<String> calls = new ArrayList<>();
        ParameterStore recorded =
                new ParameterStore(manager, false) {
                    @Override
                    public void updateAllParameters() {
                        calls.add("updateAllParameters");
                    }

                    @Override
                    public void sync() {
                        calls.add("sync");
                    }

                    @Override
                    public void setParameterServer(ParameterServer server, Device[] devices) {
                        calls.add("setParameterServer");
                    }
                };
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);
        model.embed =
                new Around(
                        model.embed,
                        (store, y) -> {
                            store.updateAllParameters();
                            store.sync();
                            store.setParameterServer(null, new Device[0]);
                            return y;
                        });
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        lora.create("mine", config("proj").build());
        try (MergedModel merged = lora.merge(MINE)) {
            merged.forward(recorded, ids(), false);
        }
        assertEquals(List.of("updateAllParameters", "sync", "setParameterServer"), calls);
    }

    /** A block that does something with the parameter store and the output of another. */
    private static final class Around extends AbstractBlock {
        private final Block inner;
        private final BiFunction<ParameterStore, NDArray, NDArray> then;

        Around(Block inner, BiFunction<ParameterStore, NDArray, NDArray> then) {
            this.inner = addChildBlock("inner", inner);
            this.then = then;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray output = inner.forward(store, inputs, training, params).head();
            return new NDList(then.apply(store, output));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inner.getOutputShapes(inputShapes);
        }
    }
}

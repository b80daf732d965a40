package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.listener.SaveModelTrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;
import dev.ligature.internal.adapter.AdapterState;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What DJL's own way of saving a model does with adapters. */
final class DjlFileTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    @TempDir Path folder;

    private LoraModel lora;
    private AdapterState adapter;

    private void wrap(ToyModel model) {
        lora = LoraModel.wrap(ToyModel.create(model, manager, DataType.FLOAT32), ToyModel::visit);
        adapter =
                (AdapterState)
                        lora.create(
                                "a",
                                config("embed", "proj").optEnsureWeightTying(model.tied).build());
        scramble(adapter, 3);
    }

    private void save(Block block) throws IOException {
        try (Model model = Model.newInstance("toy")) {
            model.setBlock(block);
            model.save(folder, "toy");
        }
    }

    private NDArray loaded(ToyModel into) throws Exception {
        try (Model model = Model.newInstance("toy")) {
            model.setBlock(into);
            model.load(folder, "toy");
            NDArray logits = into.forward(store, ids(), false).head();
            logits.attach(manager);
            return logits;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aMergedModel_isSavedWithItsSums(boolean tied) throws Exception {
        wrap(new ToyModel(tied, true));
        double[][] expected = Numbers.matrix(lora.forward(store, ids(), A).head());
        float[] base = lora.forward(store, ids(), Routing.none()).head().toFloatArray();
        try (MergedModel merged = lora.merge(A)) {
            save(merged);
        }
        Numbers.assertClose(expected, loaded(new ToyModel(tied, true)), 1e-5);
        assertArrayEquals(base, lora.forward(store, ids(), Routing.none()).head().toFloatArray());
    }

    @Test
    void aMergedModel_listsItsSums() {
        wrap(new ToyModel(false));
        double[][] sum =
                Numbers.plusDelta(
                        Numbers.matrix(parameter(lora, "02proj_weight").getArray()),
                        1.5,
                        Numbers.matrix(adapter.pairs().get(1).loraB().getArray()),
                        Numbers.matrix(adapter.pairs().get(1).loraA().getArray()));
        try (MergedModel merged = lora.merge(A)) {
            assertEquals(lora.base().getParameters().keys(), merged.getParameters().keys());
            for (Pair<String, Parameter> named : merged.getParameters()) {
                boolean isSum = List.of("01embed_weight", "02proj_weight").contains(named.getKey());
                assertEquals(
                        !isSum,
                        named.getValue() == parameter(lora, named.getKey()),
                        named.getKey());
                assertTrue(!named.getValue().requiresGradient());
            }
            Parameter weight = merged.getParameters().get("02proj_weight");
            Numbers.assertClose(sum, weight.getArray(), 1e-6);
            assertSame(weight, merged.getParameters().get("02proj_weight"));
            LoraModelTest.assertCode(
                    "LoraMergedIsFixed", () -> merged.loadParameters(manager, null));
        }
    }

    @Test
    void aBlockThatWritesInAnOrderOfItsOwn_isRefused() {
        lora =
                LoraModel.wrap(
                        ToyModel.create(new Reversed(), manager, DataType.FLOAT32),
                        ToyModel::visit);
        scramble((AdapterState) lora.create("a", config("embed").build()), 3);
        try (MergedModel merged = lora.merge(A)) {
            LoraException error = LoraModelTest.assertCode("LoraMergedSave", () -> save(merged));
            assertTrue(error.getMessage().contains("weight"), error.getMessage());
        }
    }

    /** Writes its layers from the last to the first. */
    private static final class Reversed extends ToyModel {
        Reversed() {
            super(false);
        }

        @Override
        public void saveParameters(DataOutputStream stream) throws IOException {
            head.saveParameters(stream);
            proj.saveParameters(stream);
            embed.saveParameters(stream);
        }
    }

    @Test
    void aRoutedBlock_refusesToSaveTheBaseInItsPlace() throws Exception {
        wrap(new ToyModel(false));
        LoraException error =
                LoraModelTest.assertCode("LoraRoutedSave", () -> save(lora.routed(A)));
        assertTrue(error.getMessage().contains("routed through a has"), error.getMessage());
        LoraModelTest.assertCode("LoraRoutedSave", () -> save(lora.routed(Routing.rows("a"))));
        LoraModelTest.assertCode("LoraRoutedSave", () -> save(lora.routedByInput()));
        save(lora); // the base, as it says of itself
        Numbers.assertClose(
                Numbers.matrix(lora.forward(store, ids(), Routing.none()).head()),
                loaded(new ToyModel(false)),
                1e-6);
    }

    @Test
    void aListenerThatSavesTheModelInTraining_isToldSo() {
        wrap(new ToyModel(false));
        try (Model model = Model.newInstance("toy")) {
            model.setBlock(lora.routed(A));
            SaveModelTrainingListener listener =
                    new SaveModelTrainingListener(folder.toString(), "toy");
            Trainer trainer =
                    model.newTrainer(
                            new DefaultTrainingConfig(Loss.l2Loss())
                                    .addTrainingListeners(listener));
            LoraModelTest.assertCode("LoraRoutedSave", trainer::close); // ends the training
        }
    }
}

package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.training.NextTokenLoss;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters train on a base in half precision as on one in single precision. */
final class HalfTrainingTest extends ToyTest {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradientsOnAHalfBase_areThoseOnASingleBase_butForRounding(boolean headPastItsField) {
        List<float[]> single = gradients(DataType.FLOAT32, headPastItsField);
        List<float[]> half = gradients(DataType.FLOAT16, headPastItsField);
        for (int i = 0; i < single.size(); i++) {
            float largest = 0;
            for (float value : single.get(i)) {
                largest = Math.max(largest, Math.abs(value));
            }
            assertTrue(largest > 0);
            for (int j = 0; j < single.get(i).length; j++) {
                assertEquals(single.get(i)[j], half.get(i)[j], 0.02 * largest, i + ", " + j);
            }
        }
    }

    private List<float[]> gradients(DataType type, boolean headPastItsField) {
        ToyModel model = ToyModel.create(true, manager, type);
        model.headPastItsField = headPastItsField;
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "proj").optEnsureWeightTying(true).build());
        scramble(adapter, 1);
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray logits =
                    lora.routed(Routing.of("a")).forward(store, ids(), true).singletonOrThrow();
            assertEquals(type, logits.getDataType());
            collector.backward(new NextTokenLoss().evaluate(ids(), new NDList(logits)));
        }
        List<float[]> gradients = new ArrayList<>();
        for (FactorPair pair : adapter.pairs()) {
            for (NDArray factor : List.of(pair.loraA().getArray(), pair.loraB().getArray())) {
                try (NDArray gradient = factor.getGradient()) {
                    gradients.add(gradient.toFloatArray());
                }
            }
        }
        return gradients;
    }
}

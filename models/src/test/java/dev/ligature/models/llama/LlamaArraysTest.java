package dev.ligature.models.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.ligature.models.Oracle;
import dev.ligature.models.generation.KeyValueCache;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaArraysTest {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void forwardPasses_leaveNothingBehindButTheirOutputs(boolean training) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint("biased"), manager);
            ParameterStore parameterStore = new ParameterStore(manager, false);
            int before = manager.getManagedArrays().size();
            for (int i = 0; i < 200; i++) {
                try (NDManager scope = manager.newSubManager()) {
                    NDArray ids = scope.ones(new Shape(2, 4), DataType.INT64);
                    NDArray mask = scope.ones(new Shape(2, 4), DataType.INT64);
                    NDArray positions = scope.ones(new Shape(2, 4), DataType.INT64);
                    NDList inputs = new NDList(ids, mask, positions);
                    inputs.addAll(KeyValueCache.empty(model.config().decoderShape(), scope, 2));
                    int given = scope.getManagedArrays().size();
                    NDList outputs = model.forward(parameterStore, inputs, training);
                    assertEquals(given + outputs.size(), scope.getManagedArrays().size());
                }
                assertEquals(before, manager.getManagedArrays().size());
            }
        }
    }
}

package dev.ligature.benchmarks.routing;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import java.util.List;
import java.util.stream.IntStream;

/** A wrapped {@link OneLinear} with adapters a0, a1 … of rank 8, and a batch for it. */
final class RoutedLinear implements AutoCloseable {
    private final NDManager manager = NDManager.newBaseManager();
    private final ParameterStore store = new ParameterStore(manager, false);
    private final LoraModel model;
    private final NDArray batch; // (B, T, d)

    RoutedLinear(Shape batch, int adapters) {
        OneLinear plain = new OneLinear(batch.get(2));
        plain.initialize(manager, DataType.FLOAT32, batch);
        this.model = OneLinearLora.wrap(plain);
        this.batch = manager.randomNormal(batch);
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("linear")
                        .optRank(8)
                        .optInit(LoraInit.GAUSSIAN)
                        .build();
        for (int i = 0; i < adapters; i++) {
            model.create("a" + i, config).setTrainable(false);
        }
    }

    LoraModel model() {
        return model;
    }

    /** Returns the names of the adapters of so many rows, which take turns. */
    static List<String> names(int rows, int adapters) {
        return IntStream.range(0, rows).mapToObj(row -> "a" + row % adapters).toList();
    }

    /**
     * Forwards the batch as a request of its own.
     *
     * @return the number of outputs, so that the pass is not left out
     */
    int forward(Routing routing) {
        try (NDManager scope = manager.newSubManager()) {
            return model.forward(store, in(scope), routing).size();
        }
    }

    private NDList in(NDManager scope) {
        NDArray view = batch.stopGradient();
        view.attach(scope);
        return new NDList(view);
    }

    @Override
    public void close() {
        model.unwrap();
        manager.close();
    }
}

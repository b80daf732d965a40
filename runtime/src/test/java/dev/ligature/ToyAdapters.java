package dev.ligature;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.adapter.AdapterState;
import java.io.IOException;
import java.nio.file.Path;

/** A toy model and adapters for it on disk, for tests of other packages. */
public final class ToyAdapters implements AutoCloseable {
    private final NDManager manager = NDManager.newBaseManager();
    private final ParameterStore store = new ParameterStore(manager, false);
    private final LoraModel lora =
            LoraModel.wrap(ToyModel.create(true, manager, DataType.FLOAT32), ToyModel::visit);

    public LoraModel lora() {
        return lora;
    }

    /**
     * Writes an adapter and returns what it answers.
     *
     * @param salt decides the numbers in it
     */
    public float[] write(Path directory, int rank, int salt) throws IOException {
        String name = "written";
        AdapterState adapter =
                (AdapterState)
                        lora.create(name, ToyTest.config("proj", "embed").optRank(rank).build());
        ToyTest.scramble(adapter, salt);
        lora.save(name, directory);
        float[] answer = forward(Routing.of(name));
        lora.remove(name);
        return answer;
    }

    /** Returns the bytes of an adapter's four factors: (r, 4) and (4, r), (r, 4) and (7, r). */
    public static long bytes(int rank) {
        return 4L * rank * (4 + 4 + 4 + 7);
    }

    /** Returns the logits of one request. */
    public float[] forward(Routing routing) {
        try (NDManager request = NDManager.newBaseManager()) {
            NDList ids = new NDList(request.create(ToyTest.IDS, new Shape(2, 3)));
            return lora.forward(store, ids, routing).singletonOrThrow().toFloatArray();
        }
    }

    /** Counts the arrays below the engine's root manager. */
    public int liveArrays() {
        return manager.getParentManager().getManagedArrays().size();
    }

    @Override
    public void close() {
        manager.close();
    }
}

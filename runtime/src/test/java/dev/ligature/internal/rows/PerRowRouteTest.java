package dev.ligature.internal.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.LoraModelTest;
import dev.ligature.Numbers;
import dev.ligature.Routing;
import dev.ligature.ToyModel;
import dev.ligature.ToyTest;
import dev.ligature.internal.adapter.AdapterState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class PerRowRouteTest extends ToyTest {
    private static final long[][] BATCH = {{3, 0, 6}, {5, 3, 1}, {2, 2, 4}, {6, 1, 0}, {0, 5, 5}};

    private LoraModel lora;
    private AdapterState a;
    private AdapterState b;

    private void wrapWithTwo(boolean tied) {
        lora = wrapToy(tied);
        a =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "proj").optEnsureWeightTying(tied).build());
        b =
                (AdapterState)
                        lora.create(
                                "b",
                                config("embed", "head")
                                        .optEnsureWeightTying(tied)
                                        .optRank(3)
                                        .build());
        scramble(a, 1);
        scramble(b, 2);
    }

    private NDList batch(int rows) {
        long[] flat = new long[rows * 3];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(BATCH[row], 0, flat, row * 3, 3);
        }
        return new NDList(manager.create(flat, new Shape(rows, 3)));
    }

    /** Runs each row alone, through its own adapter. */
    private double[][] rowByRow(List<String> names) {
        List<double[]> rows = new ArrayList<>();
        for (int row = 0; row < names.size(); row++) {
            NDList one =
                    new NDList(batch(names.size()).head().get(new NDIndex(row + ":" + (row + 1))));
            String name = names.get(row);
            Routing routing = name.equals(Routing.BASE) ? Routing.none() : Routing.of(name);
            rows.addAll(List.of(Numbers.matrix(lora.forward(store, one, routing).head())));
        }
        return rows.toArray(double[][]::new);
    }

    @Test
    void eachRow_goesThroughItsOwnAdapter_inAnyOrder() {
        for (boolean tied : new boolean[] {true, false}) {
            wrapWithTwo(tied);
            for (List<String> names :
                    List.of(
                            List.of("a", "b", Routing.BASE, "a", "b"),
                            List.of("a", "a", "b", "b", Routing.BASE),
                            List.of("b", "b", "b"),
                            List.of("b", Routing.BASE),
                            List.of(Routing.BASE, Routing.BASE))) {
                NDArray logits =
                        lora.forward(store, batch(names.size()), Routing.rows(names)).head();
                Numbers.assertClose(rowByRow(names), logits, 1e-5);
            }
        }
    }

    @Test
    void rowsByHandle_areRowsByName() {
        wrapWithTwo(true);
        NDArray byName = lora.forward(store, batch(3), Routing.rows("b", Routing.BASE, "a")).head();
        NDArray byHandle =
                lora.forward(store, batch(3), Routing.rowsByHandle(b.handle(), 0, a.handle()))
                        .head();
        assertArrayEquals(byName.toFloatArray(), byHandle.toFloatArray());
        assertTrue(a.handle() > 0 && b.handle() > a.handle());
    }

    @Test
    void aBatchOfOtherRowsThanTheRouting_isAnErrorThatNamesTheModule() {
        wrapWithTwo(true);
        for (Routing routing : List.of(Routing.rows("a", "b", "a"), Routing.rows("a"))) {
            LoraException error =
                    LoraModelTest.assertCode(
                            "LoraRowsMismatch", () -> lora.forward(store, batch(2), routing));
            assertTrue(
                    error.getMessage().contains("The input of module embed has shape (2, 3)"),
                    error.getMessage());
        }
    }

    @Test
    void trainingByRows_isRefused() {
        wrapWithTwo(true);
        Block rows = lora.routed(Routing.rows("a", "b"));
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraRowsTraining", () -> rows.forward(store, batch(2), true));
        assertTrue(error.getMessage().contains("(a, b)"), error.getMessage());
    }

    @Test
    void aWeightReadPastItsField_needsRowsThatAgree() {
        wrapWithTwo(true);
        ((ToyModel) lora.base()).headPastItsField = true;
        double[][] expected = rowByRow(List.of("a", "a"));

        Numbers.assertClose(
                expected, lora.forward(store, batch(2), Routing.rows("a", "a")).head(), 1e-5);
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraRowsDisagree",
                        () -> lora.forward(store, batch(2), Routing.rows("a", Routing.BASE)));
        assertTrue(error.getMessage().contains("module embed"), error.getMessage());
    }

    @Test
    void mergingRows_isRefused() {
        wrapWithTwo(true);
        LoraModelTest.assertCode("LoraMergeRows", () -> lora.merge(Routing.rows("a", "b")));
    }

    @Test
    void aPredictor_routesEachRequestOfABatchByItsLastInput_inManyThreads() throws Exception {
        wrapWithTwo(true);
        List<String> names = List.of("a", Routing.BASE, "b", "b", "a");
        double[][] expected = rowByRow(names);
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            long handle = name.equals(Routing.BASE) ? 0 : lora.adapter(name).handle();
            requests.add(new Request(i, handle));
        }
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try (Model model = Model.newInstance("toy")) {
            model.setBlock(lora.routedByInput());
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                running.add(pool.submit(() -> predict(model, requests, expected)));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private static Void predict(Model model, List<Request> requests, double[][] expected)
            throws Exception {
        try (Predictor<Request, float[]> predictor = model.newPredictor(new RequestTranslator());
                NDManager scope = NDManager.newBaseManager()) {
            for (int i = 0; i < 20; i++) {
                List<float[]> rows = predictor.batchPredict(requests);
                for (int row = 0; row < rows.size(); row++) {
                    double[][] three = {
                        expected[3 * row], expected[3 * row + 1], expected[3 * row + 2]
                    };
                    NDArray found = scope.create(rows.get(row), new Shape(3, ToyModel.V));
                    Numbers.assertClose(three, found, 1e-5);
                }
            }
        }
        return null;
    }

    private record Request(int row, long adapter) {}

    private static final class RequestTranslator implements Translator<Request, float[]> {
        @Override
        public Batchifier getBatchifier() {
            return Batchifier.STACK;
        }

        @Override
        public NDList processInput(TranslatorContext context, Request request) {
            NDArray adapter = context.getNDManager().create(request.adapter());
            adapter.setName(Routing.INPUT);
            return new NDList(context.getNDManager().create(BATCH[request.row()]), adapter);
        }

        @Override
        public float[] processOutput(TranslatorContext context, NDList outputs) {
            return outputs.singletonOrThrow().toFloatArray();
        }
    }

    @Test
    void theInputOfAdapters_isCheckedAndStripped() {
        wrapWithTwo(true);
        Block block = lora.routedByInput();
        NDArray ids = batch(2).head();
        NDArray handles = manager.create(new long[] {a.handle(), 0}, new Shape(2, 1));
        handles.setName(Routing.INPUT);

        NDArray logits = block.forward(store, new NDList(ids, handles), false).head();
        Numbers.assertClose(rowByRow(List.of("a", Routing.BASE)), logits, 1e-5);

        LoraException none =
                LoraModelTest.assertCode(
                        "LoraRoutingInput", () -> block.forward(store, new NDList(ids), false));
        assertTrue(none.getMessage().contains("The last of 1 inputs"), none.getMessage());
        NDArray floats = manager.create(new float[] {1, 2});
        floats.setName(Routing.INPUT);
        LoraException type =
                LoraModelTest.assertCode(
                        "LoraRoutingInputType",
                        () -> block.forward(store, new NDList(ids, floats), false));
        assertTrue(type.getMessage().contains("float32 of shape (2)"), type.getMessage());
        NDArray scalar = manager.create(1L);
        scalar.setName(Routing.INPUT);
        LoraModelTest.assertCode(
                "LoraRoutingInputType", () -> block.forward(store, new NDList(ids, scalar), false));
        LoraModelTest.assertCode(
                "LoraRowsTraining", () -> block.forward(store, new NDList(ids, handles), true));
        assertEquals(lora.getParameters().keys(), block.getParameters().keys());
    }
}

package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Values that a caller writes into an adapter's parameters are those that every later pass, merge
 * and save uses, also where DJL gives the array another storage for them.
 */
final class WrittenValuesTest extends ToyTest {
    @TempDir Path folder;

    /** A way to give an array other values. */
    private enum Writing {
        FLOATS {
            @Override
            void write(NDArray array, float[] values) {
                array.set(values);
            }
        },
        DIRECT_BUFFER {
            @Override
            void write(NDArray array, float[] values) {
                ByteBuffer bytes = ByteBuffer.allocateDirect(values.length * 4);
                bytes.order(ByteOrder.nativeOrder()).asFloatBuffer().put(values);
                array.set(bytes);
            }
        },
        COPY_TO {
            @Override
            void write(NDArray array, float[] values) {
                try (NDManager scope = NDManager.newBaseManager()) {
                    scope.create(values, array.getShape()).copyTo(array);
                }
            }
        },
        IN_PLACE {
            @Override
            void write(NDArray array, float[] values) {
                try (NDManager scope = NDManager.newBaseManager();
                        NDArray alias = array.stopGradient()) {
                    alias.set(new NDIndex(":"), scope.create(values, array.getShape()));
                }
            }
        },
        HANDED_OVER {
            @Override
            void write(NDArray array, float[] values) {
                try (NDManager scope = NDManager.newBaseManager()) {
                    NDArray other = array.getManager().zeros(array.getShape());
                    array.intern(other.addi(scope.create(values, array.getShape())));
                }
            }
        };

        abstract void write(NDArray array, float[] values);
    }

    private static LoraConfig.Builder kind(String kind) {
        LoraConfig.Builder config = config("proj", "embed");
        return switch (kind) {
            case "DoRA" -> config.optUseDora(true);
            case "bias of B" -> config("proj").optLoraBias(true);
            case "copy" -> config.optModulesToSave("head");
            case "rows" -> config("proj").optTrainableTokenIndices(0, 3);
            case "parameter" -> config("embed").optTargetParameters("proj.weight");
            default -> config;
        };
    }

    static Stream<Object[]> cases() {
        return Stream.of("pair", "DoRA", "bias of B", "copy", "rows", "parameter")
                .flatMap(
                        kind ->
                                Stream.of(Writing.values())
                                        .flatMap(
                                                way ->
                                                        Stream.of(true, false)
                                                                .map(t -> of(kind, way, t))));
    }

    private static Object[] of(Object... values) {
        return values;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void whatIsWritten_isWhatIsComputedWith(String kind, Writing way, boolean trainable)
            throws IOException {
        LoraModel lora = wrapToy(false);
        LoraConfig config = kind(kind).build();
        AdapterState expected = (AdapterState) lora.create("expected", config, 1);
        scramble(expected, 5);
        double[][] logits = Numbers.matrix(forward(lora, "expected"));
        AdapterState adapter = (AdapterState) lora.create("a", config, 2);
        scramble(adapter, 9);
        adapter.setTrainable(trainable);
        Routing mixed = Routing.rows("a", "expected");
        forward(lora, "a"); // so that all that is cached is cached
        lora.forward(store, ids(), mixed);

        for (int round = 0; round < 2; round++) {
            for (Parameter parameter : adapter.parameters().values()) {
                Parameter other = expected.parameters().get(parameter.getName());
                way.write(parameter.getArray(), other.getArray().toFloatArray());
            }
            System.gc(); // buffers of Java that nothing holds any more
            adapter.setTrainable(trainable);
            Numbers.assertClose(logits, forward(lora, "a"), 1e-5);
            Numbers.assertClose(logits, lora.forward(store, ids(), mixed).head(), 1e-5);
            if (trainable) {
                NDArray trained = lora.routed(Routing.of("a")).forward(store, ids(), true).head();
                Numbers.assertClose(logits, trained, 1e-5);
            }
            if (!kind.equals("bias of B")) {
                try (MergedModel merged = lora.merge(Routing.of("a"))) {
                    Numbers.assertClose(logits, merged.forward(store, ids(), false).head(), 1e-5);
                }
            }
            lora.save("a", folder.resolve("saved" + round));
            lora.load("loaded" + round, folder.resolve("saved" + round));
            Numbers.assertClose(logits, forward(lora, "loaded" + round), 1e-5);
            scramble(expected, 6);
            logits = Numbers.matrix(forward(lora, "expected"));
        }
    }

    @Test
    void whatIsWritten_givesTheNumbersWorkedByHand() {
        LoraModel lora = wrapToy(false);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        Parameter b = adapter.pairs().get(0).loraB();
        b.getArray().set(Numbers.fill(b.getArray().getShape(), 3));
        double[][] expected = byHand(lora, null, adapter.pairs().get(0), null);
        Numbers.assertClose(expected, forward(lora, "a"), 1e-5);
        adapter.setTrainable(false);
        b.getArray().set(Numbers.fill(b.getArray().getShape(), 4));
        expected = byHand(lora, null, adapter.pairs().get(0), null);
        Numbers.assertClose(expected, forward(lora, "a"), 1e-5);
    }

    @Test
    void doubles_areWrittenToo() {
        LoraModel lora =
                LoraModel.wrap(ToyModel.create(false, manager, DataType.FLOAT64), ToyModel::visit);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        NDArray b = adapter.pairs().get(0).loraB().getArray();
        double[] values = new double[(int) b.size()];
        Arrays.fill(values, 0.25);
        b.set(values);
        double[][] expected = byHand(lora, null, adapter.pairs().get(0), null);
        Numbers.assertClose(expected, forward(lora, "a"), 1e-12);
    }

    @Test
    void evaluatingATrainableAdapter_leavesNoArrayWithTheRequest() {
        LoraModel lora = wrapToy(false);
        lora.create("a", config("proj", "embed").build());
        try (NDManager request = manager.newSubManager()) {
            NDArray ids = request.create(IDS, new Shape(2, 3));
            lora.forward(new NDList(ids), Routing.of("a")).close();
            int before = request.getManagedArrays().size();
            for (int i = 0; i < 3; i++) {
                lora.forward(new NDList(ids), Routing.of("a")).close();
            }
            List<NDArray> after = request.getManagedArrays();
            // Each pass leaves the output of the embedding and of the layer, as the base's does.
            assertEquals(before + 3 * 2, after.size());
        }
    }

    private NDArray forward(LoraModel lora, String name) {
        return lora.forward(store, ids(), Routing.of(name)).head();
    }
}

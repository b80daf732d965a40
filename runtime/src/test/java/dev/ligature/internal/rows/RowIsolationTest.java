package dev.ligature.internal.rows;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.util.Pair;
import dev.ligature.LoraModel;
import dev.ligature.Numbers;
import dev.ligature.OneLayer;
import dev.ligature.Routing;
import dev.ligature.ToyTest;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.adapter.AdapterState;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No value of one adapter changes a bit of the rows of others. */
final class RowIsolationTest extends ToyTest {
    private static final List<String> ROWS =
            List.of("bad", "good", Routing.BASE, "other", "bad", "good");
    private static final float[] VALUES = {
        Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e38f, 3e4f
    };

    /** The kinds of adapters, by name, at ranks that lead to each way of computing a batch. */
    static Stream<Arguments> kinds() {
        Map<String, Supplier<LoraConfig.Builder>> kinds =
                Map.ofEntries(
                        Map.entry("linear", () -> config("proj")),
                        Map.entry("embedding", () -> config("embed")),
                        Map.entry("tied", () -> config("embed", "proj", "head")),
                        Map.entry("pair of both readers", RowIsolationTest::both),
                        Map.entry("dora", () -> config("proj").optUseDora(true)),
                        Map.entry("dora of an embedding", () -> config("embed").optUseDora(true)),
                        Map.entry("lora_bias", () -> config("proj").optLoraBias(true)),
                        Map.entry("copy", () -> config("proj").optModulesToSave("head")),
                        Map.entry(
                                "copied embedding", () -> config("proj").optModulesToSave("embed")),
                        Map.entry("bias", () -> config("proj").optBias(BiasMode.LORA_ONLY)),
                        Map.entry("rows", () -> config("proj").optTrainableTokenIndices(0, 3)),
                        Map.entry(
                                "target_parameters",
                                () -> config().optTargetParameters("proj.weight")));
        return Stream.concat(
                kinds.entrySet().stream()
                        .flatMap(
                                kind ->
                                        Stream.of(2, 20, 200)
                                                .map(
                                                        r ->
                                                                Arguments.of(
                                                                        kind.getKey(),
                                                                        r,
                                                                        kind.getValue()))),
                Stream.of(
                        Arguments.of(
                                "olora",
                                4,
                                (Supplier<LoraConfig.Builder>)
                                        () -> config("proj").optInit(LoraInit.OLORA))));
    }

    private static LoraConfig.Builder both() {
        return config("embed", "head").optEnsureWeightTying(true);
    }

    @ParameterizedTest(name = "{0}, rank {1}")
    @MethodSource("kinds")
    void badValues_ofOneAdapter_leaveTheOtherRowsAsTheyAre(
            String name, int rank, Supplier<LoraConfig.Builder> bad) {
        for (boolean trainable : new boolean[] {false, true}) {
            LoraModel lora = wrapToy(true);
            add(lora, "bad", bad.get().optRank(rank), trainable);
            add(lora, "good", config("proj").optRank(3), false);
            add(lora, "other", config("embed", "proj", "head").optRank(20), false);
            NDArray ids =
                    manager.create(
                            new long[] {3, 0, 1, 2, 3, 4, 5, 6, 0, 0, 1, 3}, new Shape(6, 2));
            checkRows(lora, ids);
            lora.unwrap();
        }
    }

    @ParameterizedTest
    @MethodSource("layers")
    void badValues_ofALayer_leaveTheOtherRowsAsTheyAre(OneLayer model, Shape shape) {
        LoraModel lora = LoraModel.wrap(model, OneLayer::visit);
        add(lora, "bad", config("layer").optRank(4), false);
        add(lora, "good", config("layer").optRank(8), false);
        add(lora, "other", config("layer").optRank(2), false);
        checkRows(lora, manager.create(Numbers.fill(shape, 3), shape));
    }

    static Stream<Arguments> layers() {
        NDManager owner = NDManager.newBaseManager(); // as long as the tests
        return Stream.of(
                        Map.entry(Linear.builder().setUnits(37).build(), new Shape(6, 5, 70)),
                        Map.entry(
                                Conv1d.builder().setKernelShape(new Shape(3)).setFilters(4).build(),
                                new Shape(6, 4, 9)),
                        Map.entry(
                                Conv2d.builder()
                                        .setKernelShape(new Shape(3, 2))
                                        .setFilters(6)
                                        .optGroups(2)
                                        .build(),
                                new Shape(6, 4, 5, 6)))
                .map(
                        layer ->
                                Arguments.of(
                                        OneLayer.create(
                                                layer.getKey(),
                                                Map.of(),
                                                owner,
                                                DataType.FLOAT32,
                                                layer.getValue()),
                                        layer.getValue()));
    }

    private static void add(
            LoraModel lora, String name, LoraConfig.Builder config, boolean trainable) {
        AdapterState adapter = (AdapterState) lora.create(name, config.build());
        scramble(adapter, name.hashCode() % 50);
        adapter.setTrainable(trainable);
    }

    /** Puts each value into each array of the adapter, into one element and into all. */
    private void checkRows(LoraModel lora, NDArray input) {
        AdapterState adapter = (AdapterState) lora.adapter("bad");
        float[][] ordinary = rows(lora, input);
        for (Pair<String, Parameter> named : adapter.parameters()) {
            NDArray array = named.getValue().getArray().stopGradient();
            for (float value : VALUES) {
                for (boolean all : new boolean[] {false, true}) {
                    NDArray kept = array.duplicate();
                    if (all) {
                        array.set(new NDIndex(":"), value);
                    } else {
                        array.reshape(-1).set(new NDIndex(0), value);
                    }
                    changed(adapter);
                    float[][] found = rows(lora, input);
                    array.set(new NDIndex(":"), kept);
                    changed(adapter);
                    for (int row = 0; row < ROWS.size(); row++) {
                        if (!ROWS.get(row).equals("bad")) {
                            assertBits(
                                    ordinary[row],
                                    found[row],
                                    value + " in " + named.getKey() + ", row " + row);
                        }
                    }
                }
            }
        }
    }

    private static void changed(AdapterState adapter) {
        boolean trainable = adapter.isTrainable();
        adapter.setTrainable(!trainable);
        adapter.setTrainable(trainable);
    }

    private float[][] rows(LoraModel lora, NDArray input) {
        NDArray output = lora.forward(store, new NDList(input), Routing.rows(ROWS)).head();
        float[][] rows = new float[ROWS.size()][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = output.get(row).toFloatArray();
            if (ROWS.get(row).equals("bad")) {
                NDList one = new NDList(input.get(new NDIndex().addSliceDim(row, row + 1)));
                NDArray alone = lora.forward(store, one, Routing.of("bad")).head();
                assertLike(alone.toFloatArray(), rows[row]);
            }
        }
        return rows;
    }

    /** The bad adapter's own rows are what they are alone, infinite or not. */
    private static void assertLike(float[] expected, float[] found) {
        for (int i = 0; i < expected.length; i++) {
            boolean finite = Float.isFinite(expected[i]) && Math.abs(expected[i]) < 1e30;
            if (finite) {
                assertEquals(expected[i], found[i], 1e-4 * (1 + Math.abs(expected[i])));
            }
        }
    }

    private static void assertBits(float[] expected, float[] found, String message) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(
                    Float.floatToRawIntBits(expected[i]),
                    Float.floatToRawIntBits(found[i]),
                    message + ": " + expected[i] + " became " + found[i]);
        }
    }
}

package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.peft.AdapterDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kind of layer, start and option: outputs, merges, gradients and files are PEFT's. */
final class LayerNumbersTest {
    private static final double EPSILON = 1e-5;
    private static final Routing MINE = Routing.of("mine");
    private static final String PREFIX = "base_model.model.";

    private NDManager manager;
    private ParameterStore store;
    @TempDir private Path folder;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        store = new ParameterStore(manager, false);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    static List<String> names() {
        return LayerCase.names();
    }

    @Test
    void allCases_areThere() {
        assertEquals(26 + 13 + 12, names().size(), names().toString());
    }

    @ParameterizedTest
    @MethodSource("names")
    void theOutput_isPefts_andTheBaseStaysWhatItWas(String name) throws IOException {
        LayerCase layer = LayerCase.read(name, manager);
        LoraModel lora = layer.wrap(manager, DataType.FLOAT32);
        float[] before = base(lora);
        lora.load("mine", layer.adapter());

        assertClose(layer.number("y.base"), forward(lora, layer, Routing.none()), "base");
        assertClose(layer.number("y.adapter"), forward(lora, layer, MINE), "adapter");
        assertClose(layer.number("y.adapter"), forward(lora, layer, MINE), "a second time");
        assertArrayEquals(before, base(lora));
    }

    @ParameterizedTest
    @MethodSource("names")
    void merging_givesPeftsWeights_orIsRefusedAsInPeft(String name) throws IOException {
        LayerCase layer = LayerCase.read(name, manager);
        LoraModel lora = layer.wrap(manager, DataType.FLOAT32);
        lora.load("mine", layer.adapter());
        if (!layer.numbers().containsKey("merged.weight")) {
            LoraModelTest.assertCode("LoraConvolutionMerge", () -> lora.merge(MINE));
            return;
        }
        float[] before = base(lora);
        try (MergedModel merged = lora.merge(MINE, MergeOptions.SAFE)) {
            assertClose(
                    layer.number("merged.weight"),
                    merged.weights.tensors().get("layer.weight"),
                    "weight");
            NDArray bias = merged.weights.tensors().get("layer.bias");
            if (bias != null) {
                assertClose(layer.number("merged.bias"), bias, "bias");
            }
            NDArray y = merged.forward(store, new NDList(layer.number("x")), false).head();
            assertClose(layer.number("y.adapter"), y, "merged");
        }
        assertArrayEquals(before, base(lora));
    }

    @ParameterizedTest
    @MethodSource("names")
    void steps_haveTorchsLosses_andEndWithItsTensors(String name) throws IOException {
        LayerCase layer = LayerCase.read(name, manager);
        LoraModel lora = layer.wrap(manager, DataType.FLOAT32);
        AdapterState adapter =
                (AdapterState)
                        lora.load(
                                "mine", layer.adapter(), AdapterLoadOptions.defaults().trainable());
        Block routed = lora.routed(MINE);
        float[] losses = layer.number("losses").toFloatArray();
        for (int i = 0; i < losses.length; i++) {
            assertEquals(losses[i], step(routed, layer, adapter), EPSILON * (1 + losses[i]));
        }
        assertSaved(layer, "final.", save(lora));
    }

    private double step(Block routed, LayerCase layer, AdapterState adapter) {
        double value;
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray y = routed.forward(store, new NDList(layer.number("x")), true).head();
            NDArray loss = y.square().mean();
            collector.backward(loss);
            value = loss.getFloat();
        }
        for (Parameter parameter : adapter.parameters().values()) {
            NDArray array = parameter.getArray();
            float[] next = array.toFloatArray();
            try (NDArray gradient = array.getGradient();
                    NDArray alias = array.stopGradient()) {
                float[] slope = gradient.toFloatArray();
                for (int i = 0; i < next.length; i++) {
                    next[i] -= (float) (layer.rate() * slope[i]);
                }
                alias.set(new NDIndex(":"), manager.create(next, array.getShape()));
                gradient.subi(gradient.stopGradient()); // PyTorch adds to it otherwise
            }
        }
        return value;
    }

    /** The file of an adapter that counts from where it started is the one PEFT converts it to. */
    private void assertSaved(LayerCase layer, String prefix, Path saved) throws IOException {
        Map<String, NDArray> found = tensors(saved);
        Map<String, NDArray> expected = new TreeMap<>();
        layer.numbers()
                .forEach(
                        (key, tensor) -> {
                            if (key.startsWith(prefix + PREFIX)) {
                                expected.put(key.substring(prefix.length()), tensor);
                            }
                        });
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach(
                (key, tensor) -> {
                    NDArray actual = found.get(key);
                    if (layer.name().matches(".*(pissa|olora).*") && key.contains("lora_A")) {
                        actual = actual.split(2, 0).get(0); // [A; A0]
                    } else if (layer.name().matches(".*(pissa|olora).*")
                            && key.contains("lora_B")) {
                        actual = actual.split(2, 1).get(0); // [B, -B0]
                    }
                    assertClose(tensor, actual, key);
                });
    }

    @ParameterizedTest
    @MethodSource("names")
    void aNewAdapter_startsAsPeftsDoes(String name) throws IOException {
        LayerCase layer = LayerCase.read(name, manager);
        LoraModel lora = layer.wrap(manager, DataType.FLOAT32);
        LoraConfig config = AdapterDirectory.open(layer.adapter()).config();
        FactorPair pair = ((AdapterState) lora.create("mine", config)).pairs().get(0);

        assertClose(layer.number("y.init"), forward(lora, layer, MINE), "it changes nothing");
        for (String key : layer.numbers().keySet()) {
            if (key.endsWith("lora_magnitude_vector") && key.startsWith("init.")) {
                NDArray lengths = pair.magnitude().orElseThrow().getArray();
                assertClose(layer.number(key).reshape(-1), lengths, key);
            }
        }
        if (pair.plan().startsFromWeight()) {
            // Each direction has a sign of its own, the same in both factors.
            NDArray a = layer.number("init." + PREFIX + "layer.lora_A.weight");
            NDArray b = layer.number("init." + PREFIX + "layer.lora_B.weight");
            assertClose(a.abs(), pair.loraA().getArray().stopGradient().abs(), "A");
            assertClose(b.abs(), pair.loraB().getArray().stopGradient().abs(), "B");
            assertClose(
                    b.matMul(a),
                    pair.loraB().getArray().stopGradient().matMul(pair.loraA().getArray()),
                    "B A");
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void aSavedAdapter_reloadsToTheSameOutput_andHasPeftsShapes(String name) throws IOException {
        LayerCase layer = LayerCase.read(name, manager);
        LoraModel lora = layer.wrap(manager, DataType.FLOAT32);
        lora.load("mine", layer.adapter());
        Path saved = save(lora);
        lora.load("again", saved);
        assertClose(layer.number("y.adapter"), forward(lora, layer, Routing.of("again")), "again");

        boolean counts = name.contains("pissa") || name.contains("olora");
        if (counts && !name.contains("dora")) {
            Map<String, NDArray> peft = tensors(layer.converted());
            Map<String, NDArray> ours = tensors(saved);
            assertEquals(peft.keySet(), ours.keySet());
            peft.forEach((key, t) -> assertEquals(t.getShape(), ours.get(key).getShape(), key));
            LoraConfig expected = AdapterDirectory.open(layer.converted()).config();
            LoraConfig config = AdapterDirectory.open(saved).config();
            assertEquals(expected.rank(), config.rank());
            assertEquals(expected.loraAlpha(), config.loraAlpha(), 1e-9);
            assertEquals(expected.init(), config.init());
            assertEquals(expected.useRslora(), config.useRslora());
            lora.load("converted", layer.converted());
            assertClose(
                    layer.number("y.adapter"), forward(lora, layer, Routing.of("converted")), name);
        } else if (!counts) {
            Map<String, NDArray> peft = tensors(layer.adapter());
            Map<String, NDArray> ours = tensors(saved);
            assertEquals(peft.keySet(), ours.keySet());
            peft.forEach((key, t) -> assertEquals(t, ours.get(key), key));
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void onAHalfBase_factorsAreSingle_andTheOutputIsHalf(String name) throws IOException {
        LayerCase layer = LayerCase.read(name, manager);
        LoraModel lora = layer.wrap(manager, DataType.FLOAT16);
        AdapterState adapter = (AdapterState) lora.load("mine", layer.adapter());
        for (Parameter parameter : adapter.parameters().values()) {
            assertEquals(DataType.FLOAT32, parameter.getArray().getDataType());
        }
        NDArray x = layer.number("x");
        boolean ids = x.getDataType() == DataType.INT64;
        NDArray y =
                lora.forward(store, new NDList(ids ? x : x.toType(DataType.FLOAT16, false)), MINE)
                        .head();
        assertEquals(DataType.FLOAT16, y.getDataType());
        Numbers.assertClose(Numbers.matrix(layer.number("y.adapter")), y, 2e-2);
    }

    private Path save(LoraModel lora) throws IOException {
        Path saved = folder.resolve("saved");
        lora.save("mine", saved);
        return saved;
    }

    private Map<String, NDArray> tensors(Path directory) throws IOException {
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader file =
                SafetensorsReader.open(directory.resolve(AdapterDirectory.WEIGHTS))) {
            for (String key : file.tensors().keySet()) {
                tensors.put(key, file.read(key, manager));
            }
        }
        return tensors;
    }

    private NDArray forward(LoraModel lora, LayerCase layer, Routing routing) {
        return lora.forward(store, new NDList(layer.number("x")), routing).singletonOrThrow();
    }

    private static float[] base(LoraModel lora) {
        return lora.base().getParameters().valueAt(0).getArray().toFloatArray();
    }

    private static void assertClose(NDArray expected, NDArray actual, String what) {
        Shape shape = expected.getShape();
        assertEquals(shape, actual.getShape(), what);
        float[] e = expected.toFloatArray();
        float[] a = actual.toFloatArray();
        for (int i = 0; i < e.length; i++) {
            boolean close = Math.abs(a[i] - e[i]) <= EPSILON * (1 + Math.abs(e[i]));
            assertTrue(close, what + "[" + i + "]: " + a[i] + " is not " + e[i]);
        }
    }
}

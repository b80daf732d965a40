package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.adapter.AdapterState;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds of every layer, shape and option: drawn at random from a seed. */
final class InvariantsTest {
    private static final int COUNT = Boolean.getBoolean("ligature.soak") ? 1000 : 20;
    private static final Routing MINE = Routing.of("a");
    private static final List<LoraInit> STARTS =
            List.of(
                    LoraInit.DEFAULT,
                    LoraInit.GAUSSIAN,
                    LoraInit.ORTHOGONAL,
                    LoraInit.PISSA,
                    LoraInit.pissa(2),
                    LoraInit.OLORA);

    /** A layer with an input for it. */
    private record Drawn(Block layer, Shape input, long rows) {
        NDArray x(Random random, NDManager manager) {
            if (rows == 0) {
                return manager.create(Numbers.fill(input, random.nextInt()), input);
            }
            return manager.create(random.longs(input.size(), 0, rows).toArray(), input);
        }
    }

    private static Drawn draw(String kind, Random random) {
        int in = 4 + random.nextInt(5);
        int out = 4 + random.nextInt(5);
        boolean bias = random.nextBoolean();
        return switch (kind) {
            case "linear" ->
                    new Drawn(
                            Linear.builder().setUnits(out).optBias(bias).build(),
                            new Shape(3, in),
                            0);
            case "embedding" -> new Drawn(new TokenEmbedding(out, in), new Shape(2, 3), out);
            case "conv1d" ->
                    new Drawn(
                            Conv1d.builder()
                                    .setFilters(out)
                                    .setKernelShape(new Shape(1 + random.nextInt(3)))
                                    .optStride(new Shape(1 + random.nextInt(2)))
                                    .optDilation(new Shape(1 + random.nextInt(2)))
                                    .optBias(bias)
                                    .build(),
                            new Shape(2, in, 9),
                            0);
            case "conv2d" ->
                    new Drawn(
                            Conv2d.builder()
                                    .setFilters(out)
                                    .setKernelShape(
                                            new Shape(1 + random.nextInt(3), 1 + random.nextInt(3)))
                                    .optPadding(new Shape(random.nextInt(2), random.nextInt(2)))
                                    .optBias(bias)
                                    .build(),
                            new Shape(2, in, 6, 7),
                            0);
            default -> throw new AssertionError(kind);
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear", "embedding", "conv1d", "conv2d"})
    void ofEveryLayer(String kind) {
        for (int seed = 0; seed < COUNT; seed++) {
            Random random = new Random(kind.hashCode() + 7919L * seed);
            try (NDManager manager = NDManager.newBaseManager()) {
                check(kind + " " + seed, kind, random, manager);
            }
        }
    }

    private static void check(String what, String kind, Random random, NDManager manager) {
        Drawn drawn = draw(kind, random);
        OneLayer model =
                OneLayer.create(drawn.layer(), Map.of(), manager, DataType.FLOAT32, drawn.input());
        LoraModel lora = LoraModel.wrap(model, OneLayer::visit);
        ParameterStore store = new ParameterStore(manager, false);
        NDArray x = drawn.x(random, manager);
        float[] base = run(lora, store, x);
        boolean convolution = kind.startsWith("conv");
        boolean dora = random.nextInt(3) == 0;
        LoraInit init = STARTS.get(random.nextInt(convolution ? 2 : STARTS.size()));
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("layer")
                        .optRank(2 * (1 + random.nextInt(2)))
                        .optLoraAlpha(1 + random.nextInt(8))
                        .optUseRslora(random.nextBoolean())
                        .optUseDora(dora)
                        .optInit(init)
                        .build();

        AdapterState adapter = (AdapterState) lora.create("a", config);
        assertClose(what + ": a start of " + init, base, run(lora.routed(MINE), store, x));

        ToyTest.scramble(adapter, random.nextInt(1000));
        float[] adapted = run(lora.routed(MINE), store, x);
        try (MergedModel merged = lora.merge(MINE, MergeOptions.SAFE)) {
            assertClose(what + ": merged is adapted", adapted, run(merged, store, x));
        }
        if (!dora) {
            double factor = random.nextInt(5) / 2.0 - 1;
            Routing scaled = Routing.weighted(Map.of("a", factor));
            float[] expected = base.clone();
            for (int i = 0; i < expected.length; i++) {
                expected[i] += (float) (factor * (adapted[i] - base[i]));
            }
            float[] found = run(lora.routed(scaled), store, x);
            assertClose(what + ": scaling is linear, " + factor, expected, found);
        }
        assertArrayEquals(base, run(lora, store, x), what + ": without the adapter");
        lora.remove("a");
        assertArrayEquals(base, run(lora, store, x), what + ": after the adapter");
        for (Parameter parameter : model.getParameters().values()) {
            assertEquals(DataType.FLOAT32, parameter.getArray().getDataType());
        }
    }

    private static float[] run(Block block, ParameterStore store, NDArray x) {
        return block.forward(store, new NDList(x), false).singletonOrThrow().toFloatArray();
    }

    private static void assertClose(String what, float[] expected, float[] actual) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 2e-4 * (1 + Math.abs(expected[i])), what);
        }
    }
}

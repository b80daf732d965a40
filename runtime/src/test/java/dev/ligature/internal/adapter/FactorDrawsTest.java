package dev.ligature.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import dev.ligature.LoraModel;
import dev.ligature.OneLayer;
import dev.ligature.OwnBlock;
import dev.ligature.Routing;
import dev.ligature.ToyTest;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.peft.AdapterContents;
import dev.ligature.internal.peft.Factors;
import dev.ligature.internal.route.RoutedBlock;
import dev.ligature.internal.slot.Slots;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** First factors: PEFT's distributions, and the same bits from the same seed. */
final class FactorDrawsTest extends ToyTest {
    private static final int IN = 400;
    private static final int OUT = 300;
    private static final int RANK = 16;

    private static Slots slots(LoraModel lora) {
        return ((RoutedBlock) lora.routed(Routing.rows(Routing.BASE))).route().slots();
    }

    private AdapterParts draw(LoraModel lora, LoraConfig config, FactorDraws draws) {
        return new AdapterFactory(slots(lora), lora.plan(config), manager, draws).fresh();
    }

    private static float[] bits(AdapterParts parts) {
        List<float[]> all =
                parts.parameters().values().stream().map(p -> p.getArray().toFloatArray()).toList();
        float[] bits = new float[all.stream().mapToInt(each -> each.length).sum()];
        int at = 0;
        for (float[] each : all) {
            System.arraycopy(each, 0, bits, at, each.length);
            at += each.length;
        }
        return bits;
    }

    private LoraModel layer(OwnBlock block, Shape input) {
        return LoraModel.wrap(
                OneLayer.create(block, Map.of(), manager, DataType.FLOAT32, input),
                OneLayer::visit);
    }

    private LoraModel linear() {
        return layer(OwnBlock.linear(OUT, true, false), new Shape(1, IN));
    }

    private static LoraConfig config(LoraInit init) {
        return config("layer").optRank(RANK).optInit(init).build();
    }

    /** Mean, deviation and largest size of an array's numbers. */
    private record Moments(double mean, double deviation, double largest) {
        static Moments of(Parameter parameter) {
            float[] values = parameter.getArray().toFloatArray();
            double mean = 0;
            double square = 0;
            double largest = 0;
            for (float value : values) {
                mean += (double) value / values.length;
                square += (double) value * value / values.length;
                largest = Math.max(largest, Math.abs(value));
            }
            return new Moments(mean, Math.sqrt(square - mean * mean), largest);
        }

        /** Checks within five standard errors of a normal distribution's; a uniform's are less. */
        void assertLike(double expected, long count) {
            assertEquals(0, mean, 5 * expected / Math.sqrt((double) count));
            assertEquals(expected, deviation, 5 * expected / Math.sqrt(2.0 * count));
        }
    }

    @Test
    void linears_areKaimingUniform_andGaussianOnes_haveADeviationOfOneByR() {
        for (FactorDraws draws : List.of(FactorDraws.seeded(11), FactorDraws.ofEngine())) {
            FactorPair pair = draw(linear(), config(LoraInit.DEFAULT), draws).pairs().get(0);
            double bound = 1 / Math.sqrt(IN);
            Moments a = Moments.of(pair.loraA());
            a.assertLike(bound / Math.sqrt(3), (long) RANK * IN);
            assertTrue(a.largest() <= bound && a.largest() > 0.99 * bound, a.toString());
            assertEquals(0, Moments.of(pair.loraB()).largest());

            pair = draw(linear(), config(LoraInit.GAUSSIAN), draws).pairs().get(0);
            a = Moments.of(pair.loraA());
            a.assertLike(1.0 / RANK, (long) RANK * IN);
            assertTrue(a.largest() > 3.0 / RANK, a.toString());
            assertEquals(0, Moments.of(pair.loraB()).largest());
        }
    }

    @Test
    void withRandomB_aLinearsBAndItsBias_areUniformWithinOneByTheRootOfR() {
        LoraConfig config =
                config("layer").optRank(RANK).optInit(LoraInit.RANDOM).optLoraBias(true).build();
        FactorPair pair = draw(linear(), config, FactorDraws.seeded(12)).pairs().get(0);
        double bound = 1 / Math.sqrt(RANK);
        for (Parameter drawn : List.of(pair.loraB(), pair.bias().orElseThrow())) {
            Moments b = Moments.of(drawn);
            b.assertLike(bound / Math.sqrt(3), drawn.getArray().size());
            assertTrue(b.largest() <= bound && b.largest() > 0.95 * bound, b.toString());
        }
    }

    @Test
    void embeddings_areStandardNormal() {
        LoraModel lora = layer(OwnBlock.embedding(OUT, IN, false), new Shape(1, 2));
        FactorPair pair =
                draw(lora, config(LoraInit.DEFAULT), FactorDraws.seeded(13)).pairs().get(0);
        Moments.of(pair.loraA()).assertLike(1, (long) RANK * IN);
        assertEquals(0, Moments.of(pair.loraB()).largest());
    }

    @Test
    void orthogonalFactors_areOrthogonal() {
        FactorPair pair =
                draw(linear(), config(LoraInit.ORTHOGONAL), FactorDraws.seeded(14)).pairs().get(0);
        NDArray product = pair.loraB().getArray().matMul(pair.loraA().getArray());
        assertTrue(product.abs().max().getFloat() < 1e-5);
        assertTrue(Moments.of(pair.loraA()).largest() > 0.1);
    }

    private static LoraConfig everything(LoraInit init) {
        return config("embed", "proj", "head").optInit(init).optLoraDropout(0.1).build();
    }

    @Test
    void theSameSeed_givesTheSameBits_inAnyThread_whateverElseIsDrawn() {
        LoraModel lora = wrapToy(false);
        for (LoraInit init :
                List.of(
                        LoraInit.DEFAULT,
                        LoraInit.RANDOM,
                        LoraInit.GAUSSIAN,
                        LoraInit.ORTHOGONAL,
                        LoraInit.pissa(2))) {
            float[] first = bits(draw(lora, everything(init), FactorDraws.seeded(5)));
            manager.randomNormal(new Shape(7));
            draw(lora, everything(init), FactorDraws.ofEngine());
            assertArrayEquals(first, bits(draw(lora, everything(init), FactorDraws.seeded(5))));
            float[] elsewhere =
                    CompletableFuture.supplyAsync(
                                    () -> bits(draw(lora, everything(init), FactorDraws.seeded(5))))
                            .join();
            assertArrayEquals(first, elsewhere);
            float[] other = bits(draw(lora, everything(init), FactorDraws.seeded(6)));
            assertFalse(Arrays.equals(first, other), init.toString());
        }
    }

    @Test
    void aPairsNumbers_doNotDependOnWhetherOthersAreDrawn() {
        LoraModel lora = wrapToy(false);
        LoraConfig config = everything(LoraInit.DEFAULT);
        AdapterParts all = draw(lora, config, FactorDraws.seeded(5));
        FactorPair first = all.pairs().get(0);
        AdapterContents contents =
                new AdapterContents(
                        Map.of(
                                first.plan(),
                                new Factors(
                                        first.loraA().getArray().duplicate(),
                                        first.loraB().getArray().duplicate())));
        AdapterParts rest =
                new AdapterFactory(slots(lora), lora.plan(config), manager, FactorDraws.seeded(5))
                        .of(contents);
        assertArrayEquals(bits(all), bits(rest));
        float[] drawn = all.pairs().get(1).loraA().getArray().toFloatArray();
        assertFalse(
                drawn[0] == all.pairs().get(2).loraA().getArray().toFloatArray()[0],
                "each pair has numbers of its own");
    }

    @Test
    void aSeed_meansTheseNumbers() {
        NDArray drawn = FactorDraws.seeded(42).normal(1, new Shape(3), DataType.FLOAT64, manager);
        double[] known = {0.8822489062222688, -0.4508498757188601, 0.1883526341159315};
        assertArrayEquals(known, drawn.toDoubleArray());
    }
}

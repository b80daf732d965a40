package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.linalg.Qr;
import dev.ligature.internal.peft.Factors;
import dev.ligature.plan.PairPlan;
import org.jspecify.annotations.Nullable;

/**
 * Makes pairs: draws their first factors with PEFT's distributions, and computes what counts from
 * the weight.
 *
 * <p>PEFT draws A of a linear by Kaiming's uniform rule with a = √5, which is uniform within
 * ±1/√in; what it calls {@code lora_embedding_B} of an embedding, the transposed A, is standard
 * normal. A pair that both read is drawn once, as a linear.
 */
final class FactorInit {
    private FactorInit() {}

    /** Returns a new pair, whose factors belong to the manager of the scalars. */
    static FactorPair draw(PairPlan pair, NDArray weight, FactorDraws draws, ScalarPool scalars) {
        NDManager manager = scalars.manager();
        Factors start = start(pair, weight, draws, manager);
        Factors first = start == null ? random(pair, draws, manager) : copy(start, manager);
        NDArray bias = pair.loraBias() ? bias(pair, draws, manager) : null;
        NDArray magnitude = null;
        if (pair.dora()) {
            try (NDManager scope = manager.newSubManager()) {
                FactorArrays drawn =
                        new FactorArrays(
                                first.a(),
                                first.b(),
                                AdapterArray.scalar(pair.scaling(), pair.dataType(), scope));
                // Factors that count from where they start change nothing yet.
                magnitude = DoraNorm.of(weight, pair, start == null ? drawn : null, manager);
            }
        }
        return new FactorPair(
                pair, new Factors(first.a(), first.b(), bias, magnitude), start, scalars);
    }

    /** Returns a pair of what was read from a file, which belongs to the manager of the scalars. */
    static FactorPair loaded(
            PairPlan pair, Factors values, NDArray weight, FactorDraws draws, ScalarPool scalars) {
        return new FactorPair(pair, values, start(pair, weight, draws, scalars.manager()), scalars);
    }

    private static @Nullable Factors start(
            PairPlan pair, NDArray weight, FactorDraws draws, NDManager manager) {
        return pair.startsFromWeight() ? WeightDerivedInit.of(pair, weight, draws, manager) : null;
    }

    private static Factors random(PairPlan pair, FactorDraws draws, NDManager manager) {
        DataType type = pair.dataType();
        boolean both = pair.init().equals(LoraInit.RANDOM);
        if (!pair.hasLinearReader()) {
            NDArray a = draws.normal(1, pair.shapeOfA(), type, manager);
            NDArray b =
                    both
                            ? draws.normal(1, pair.shapeOfB(), type, manager)
                            : manager.zeros(pair.shapeOfB(), type);
            return new Factors(a, b);
        }
        if (pair.init().equals(LoraInit.ORTHOGONAL)) {
            return orthogonal(pair, draws, manager);
        }
        NDArray a =
                pair.init().equals(LoraInit.GAUSSIAN)
                        ? draws.normal(1.0 / pair.rank(), pair.shapeOfA(), type, manager)
                        : draws.uniform(bound(pair.in()), pair.shapeOfA(), type, manager);
        NDArray b =
                both
                        ? draws.uniform(
                                bound(pair.shapeOfB().get(1)), pair.shapeOfB(), type, manager)
                        : manager.zeros(pair.shapeOfB(), type);
        return new Factors(a, b);
    }

    /** PEFT leaves the bias to torch where B is random: uniform within ±1/√r. */
    private static NDArray bias(PairPlan pair, FactorDraws draws, NDManager manager) {
        Shape shape = new Shape(pair.out());
        return pair.init().equals(LoraInit.RANDOM)
                ? draws.uniform(bound(pair.shapeOfB().get(1)), shape, pair.dataType(), manager)
                : manager.zeros(shape, pair.dataType());
    }

    /** Draws B and A in subspaces that are orthogonal to each other, so that B A is zero. */
    private static Factors orthogonal(PairPlan pair, FactorDraws draws, NDManager manager) {
        long r = pair.rank();
        try (NDManager scope = manager.newSubManager()) {
            NDArray q =
                    Qr.first(normal(new Shape(r, r), draws, scope), pair.rank(), scope)
                            .q(); // (r, r)
            NDArray tenth = scope.create(0.1);
            NDArray a =
                    normal(new Shape(pair.in(), r / 2), draws, scope)
                            .matMul(q.get("0::2")); // (in, r)
            NDArray b = normal(new Shape(pair.out(), r / 2), draws, scope).matMul(q.get("1::2"));
            return new Factors(
                    AdapterArray.owned(
                            a.mul(tenth).transpose(), pair.dataType(), manager), // (r, in)
                    AdapterArray.owned(b.mul(tenth), pair.dataType(), manager)); // (out, r)
        }
    }

    private static NDArray normal(Shape shape, FactorDraws draws, NDManager manager) {
        return draws.normal(1, shape, DataType.FLOAT64, manager);
    }

    private static Factors copy(Factors start, NDManager manager) {
        return new Factors(
                AdapterArray.owned(start.a(), start.a().getDataType(), manager),
                AdapterArray.owned(start.b(), start.b().getDataType(), manager));
    }

    /** Returns Kaiming's bound with a = √5. */
    private static double bound(long fanIn) {
        return 1 / Math.sqrt((double) fanIn);
    }
}

package dev.ligature;

import dev.ligature.internal.adapter.AdapterMessage;
import java.util.Objects;

/**
 * A way to make one adapter of several: PEFT's {@code combination_type}, with its settings.
 *
 * <pre>{@code
 * Combination.cat()                      // exactly w₁ ΔW₁ + w₂ ΔW₂, of rank r₁ + r₂
 * Combination.svd().withRank(8)          // the nearest to that of rank 8
 * Combination.ties(0.2)                  // merges the factors, keeping a fifth of each
 * Combination.ties(0.2).withSvd()        // merges the updates ΔW, and cuts the rank afterwards
 * Combination.dareLinear(0.5, 42)        // keeps a random half, by a seed
 * }</pre>
 *
 * <p>Ties: Yadav et al., "TIES-Merging", 2023; dare: Yu et al., "Language Models are Super Mario",
 * 2023.
 *
 * @param kind what is done to the factors, or to the updates
 * @param density the fraction of values to keep, above 0 and at most 1
 * @param seed decides which values dare keeps
 * @param isSvd whether it is done to the updates ΔW, which are cut to a rank afterwards
 * @param rank the rank to cut to; 0 for the largest of the adapters'
 * @param sign how the sign is elected that most adapters are to agree with, for ties and dare ties
 */
public record Combination(
        Kind kind, double density, long seed, boolean isSvd, int rank, MajoritySign sign) {
    /** How the sign of an element is elected. */
    public enum MajoritySign {
        /** The sign of the sum. */
        TOTAL,
        /** The sign that more adapters have. */
        FREQUENCY
    }

    /** What is done to the factors, or to the updates. */
    public enum Kind {
        LINEAR,
        CAT,
        TIES,
        DARE_LINEAR,
        DARE_TIES,
        MAGNITUDE_PRUNE
    }

    /** Checks the density, and that the rank is not negative. */
    public Combination {
        if (!(density > 0 && density <= 1)) {
            throw AdapterMessage.DENSITY.error(density);
        }
        if (rank < 0) {
            throw AdapterMessage.COMBINATION_RANK.error(rank);
        }
    }

    private static Combination of(Kind kind, double density, long seed) {
        return new Combination(kind, density, seed, false, 0, MajoritySign.TOTAL);
    }

    /**
     * Returns the sum of the factors, each times √|w s|: of one rank, and not w₁ ΔW₁ + w₂ ΔW₂,
     * since the factors of different adapters multiply too.
     */
    public static Combination linear() {
        return of(Kind.LINEAR, 1, 0);
    }

    /** Returns exactly w₁ ΔW₁ + w₂ ΔW₂ + …, of the ranks' sum. */
    public static Combination cat() {
        return of(Kind.CAT, 1, 0);
    }

    /** Returns what is nearest to w₁ ΔW₁ + w₂ ΔW₂ + … at a rank, the largest of them at first. */
    public static Combination svd() {
        return of(Kind.LINEAR, 1, 0).withSvd();
    }

    /**
     * Returns the mean of what agrees in sign, of the largest values of each adapter.
     *
     * @param density the fraction of values to keep
     */
    public static Combination ties(double density) {
        return of(Kind.TIES, density, 0);
    }

    /**
     * Returns the sum of values that are drawn at random and divided by the density.
     *
     * @param density the fraction of values to keep
     * @param seed decides which
     */
    public static Combination dareLinear(double density, long seed) {
        return of(Kind.DARE_LINEAR, density, seed);
    }

    /**
     * Returns the mean of what agrees in sign, of values that are drawn at random and divided by
     * the density.
     *
     * @param density the fraction of values to keep
     * @param seed decides which
     */
    public static Combination dareTies(double density, long seed) {
        return of(Kind.DARE_TIES, density, seed);
    }

    /**
     * Returns the sum of the largest values of each adapter.
     *
     * @param density the fraction of values to keep
     */
    public static Combination magnitudePrune(double density) {
        return of(Kind.MAGNITUDE_PRUNE, density, 0);
    }

    /**
     * Returns the same on the updates ΔW in place of the factors, cut to a rank by a singular value
     * decomposition. The rank is the largest of the adapters', unless {@link #withRank} says
     * another.
     *
     * @throws LoraException {@code LoraCombinationCut} if this is cat, which needs no cut
     */
    public Combination withSvd() {
        checkCut("withSvd");
        return new Combination(kind, density, seed, true, rank, sign);
    }

    /**
     * Returns the same at another rank, by a singular value decomposition.
     *
     * @param rank the rank, at least 1
     * @throws LoraException {@code LoraRank} if it is less, {@code LoraCombinationCut} if this is
     *     cat
     */
    public Combination withRank(int rank) {
        checkCut("withRank");
        if (rank < 1) {
            throw AdapterMessage.COMBINATION_RANK.error(rank);
        }
        return new Combination(kind, density, seed, true, rank, sign);
    }

    private void checkCut(String method) {
        if (kind == Kind.CAT) {
            throw AdapterMessage.COMBINATION_CUT.error(method);
        }
    }

    /**
     * Returns the same with another election of signs; it counts for ties and dare ties.
     *
     * @param sign how the sign is elected; {@link MajoritySign#TOTAL} at first
     */
    public Combination withMajoritySign(MajoritySign sign) {
        Objects.requireNonNull(sign, "sign");
        return new Combination(kind, density, seed, isSvd, rank, sign);
    }
}

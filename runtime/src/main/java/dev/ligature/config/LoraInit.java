package dev.ligature.config;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How the factors of a new adapter start; PEFT's {@code init_lora_weights}.
 *
 * @param kind by which formula
 * @param iterations how often the subspace of {@link Kind#PISSA} is refined; 0 for the exact
 *     decomposition, and for all other kinds
 */
public record LoraInit(Kind kind, int iterations) {
    /** PEFT's {@code true}: {@link Kind#DEFAULT}. */
    public static final LoraInit DEFAULT = new LoraInit(Kind.DEFAULT, 0);

    /** PEFT's {@code false}: {@link Kind#RANDOM}. */
    public static final LoraInit RANDOM = new LoraInit(Kind.RANDOM, 0);

    /** PEFT's {@code "gaussian"}: {@link Kind#GAUSSIAN}. */
    public static final LoraInit GAUSSIAN = new LoraInit(Kind.GAUSSIAN, 0);

    /** PEFT's {@code "orthogonal"}: {@link Kind#ORTHOGONAL}. */
    public static final LoraInit ORTHOGONAL = new LoraInit(Kind.ORTHOGONAL, 0);

    /** PEFT's {@code "pissa"}: {@link Kind#PISSA} by the exact decomposition. */
    public static final LoraInit PISSA = new LoraInit(Kind.PISSA, 0);

    /** PEFT's {@code "olora"}: {@link Kind#OLORA}. */
    public static final LoraInit OLORA = new LoraInit(Kind.OLORA, 0);

    private static final Pattern PISSA_NITER = Pattern.compile("pissa_niter_([0-9]{1,4})");

    /** Checks that iterations are given where they are of meaning. */
    public LoraInit {
        if (iterations < 0 || (iterations > 0 && kind != Kind.PISSA)) {
            throw new IllegalArgumentException(iterations + " iterations of " + kind);
        }
    }

    /** The formulas. An embedding that nothing linear reads with starts by the first two alone. */
    public enum Kind {
        /**
         * B is zero, so ΔW starts at zero. A is uniform within ±1/√in where a linear module reads
         * the pair, and standard normal where only embeddings do.
         */
        DEFAULT,

        /**
         * Both factors are random, so ΔW does not start at zero. A is uniform within ±1/√in and B
         * within ±1/√r where a linear module reads the pair; both are standard normal where only
         * embeddings do.
         */
        RANDOM,

        /** A is normal with standard deviation 1/r, and B is zero. */
        GAUSSIAN,

        /**
         * A and B are random in two subspaces that are orthogonal to each other, so that B A is
         * zero and neither factor is. The rank must be even.
         */
        ORTHOGONAL,

        /**
         * The r largest singular values of W with their vectors: Meng et al., "PiSSA", 2024. What
         * the factors start with is subtracted from W, so that nothing changes at the start.
         */
        PISSA,

        /**
         * The first r columns of Q and rows of R, W = Q R: Büyükakyüz, "OLoRA", 2024. What the
         * factors start with is subtracted from W, so that nothing changes at the start.
         */
        OLORA
    }

    /**
     * Returns PiSSA by a random subspace, PEFT's {@code "pissa_niter_N"}, which is much faster than
     * the exact one and not quite the same.
     *
     * @param iterations how often the subspace is refined, from 1 on; 16 is usual
     */
    public static LoraInit pissa(int iterations) {
        if (iterations < 1) {
            throw new IllegalArgumentException(
                    iterations + " iterations: give 1 or more, or use LoraInit.PISSA");
        }
        return new LoraInit(Kind.PISSA, iterations);
    }

    /**
     * Returns what PEFT calls by a name, {@link #toString}.
     *
     * @param name a value of {@code init_lora_weights}: {@code true}, {@code false}, {@code
     *     gaussian}, {@code orthogonal}, {@code pissa}, {@code pissa_niter_16} or {@code olora}
     * @return empty for what Ligature does not have
     */
    public static Optional<LoraInit> of(String name) {
        Objects.requireNonNull(name, "name");
        Matcher niter = PISSA_NITER.matcher(name);
        if (niter.matches() && Integer.parseInt(niter.group(1)) > 0) {
            return Optional.of(pissa(Integer.parseInt(niter.group(1))));
        }
        return Stream.of(DEFAULT, RANDOM, GAUSSIAN, ORTHOGONAL, PISSA, OLORA)
                .filter(init -> init.toString().equalsIgnoreCase(name)) // as PEFT, for some of them
                .findFirst();
    }

    /**
     * Returns whether the factors start from the weight, and what they start with counts as taken
     * from it: ΔW = s (B A − B₀ A₀).
     */
    public boolean startsFromWeight() {
        return kind == Kind.PISSA || kind == Kind.OLORA;
    }

    /** Returns PEFT's name for it. */
    @Override
    public String toString() {
        return switch (kind) {
            case DEFAULT -> "true";
            case RANDOM -> "false";
            case PISSA -> iterations == 0 ? "pissa" : "pissa_niter_" + iterations;
            default -> kind.name().toLowerCase(Locale.ROOT);
        };
    }
}

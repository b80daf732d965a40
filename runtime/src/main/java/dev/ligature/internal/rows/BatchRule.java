package dev.ligature.internal.rows;

import java.util.List;

/**
 * How the terms of the adapters of one batch are computed at one module, decided from shapes alone.
 *
 * @param budget the bytes that the stacked factors of one routing may take over all modules
 */
public record BatchRule(long budget) {
    /**
     * The ranks, summed over the adapters of a batch, up to which every row is multiplied by the
     * factors of all of them. {@code benchmarks/run rows} measures it: with one token in each of 32
     * rows, 32 columns cost what a batched product of rank 8 costs, and 64 half as much again. With
     * 16 tokens a batched product is faster from 16 columns on, but by 3 % of a whole encoder's
     * pass, and rows have to be brought together with their factors for it.
     */
    static final int MASKED_RANKS = 32;

    /**
     * The padding, as a multiple of the ranks themselves, from which a stack of equal ranks is a
     * waste.
     */
    static final int PADDING = 4;

    /**
     * What an array takes besides its numbers, in the heap and outside of it: about 1.9 KiB, by the
     * memory rows of {@code benchmarks/compare}.
     */
    static final long ARRAY_BYTES = 2048;

    /** A way to compute the terms. */
    public enum Way {
        /** Two plain products with the factors of all adapters, masked in between. */
        MASKED,
        /** A batched product, each row with its own factors, padded to the largest rank. */
        STACKED,
        /** The rows of each adapter by themselves. */
        SEGMENTS
    }

    /**
     * The adapters of a batch at one module.
     *
     * @param ranks the rank of each adapter that has a pair there
     * @param rows how many rows go through each of these
     * @param batch the rows of the batch
     * @param adapters the adapters of the batch, also those without a pair there, and the base
     *     alone
     * @param in the columns of the weight
     * @param out the rows of the weight
     * @param bytes of one element of the factors
     * @param lookup whether a reader looks rows of B up, as embeddings do
     */
    record Batch(
            List<Integer> ranks,
            List<Integer> rows,
            int batch,
            int adapters,
            long in,
            long out,
            int bytes,
            boolean lookup) {
        /** Copies the lists. */
        Batch {
            ranks = List.copyOf(ranks);
            rows = List.copyOf(rows);
        }

        private long sumOfRanks() {
            return ranks.stream().mapToLong(rank -> rank).sum();
        }

        private long largestRank() {
            return ranks.stream().mapToLong(rank -> rank).max().orElse(0);
        }

        /** Returns the ranks that the rows need, summed over the batch. */
        private long needed() {
            long needed = 0;
            for (int i = 0; i < ranks.size(); i++) {
                needed += (long) ranks.get(i) * rows.get(i);
            }
            return needed;
        }
    }

    /** Returns the way for a module, before memory is looked at. */
    Way choose(Batch batch) {
        if (batch.sumOfRanks() <= MASKED_RANKS) {
            return Way.MASKED;
        }
        boolean padded = batch.largestRank() * batch.batch() > PADDING * batch.needed();
        return batch.lookup() || padded ? Way.SEGMENTS : Way.STACKED;
    }

    /**
     * Returns the bytes that a way keeps for a module: the factors, and what every array takes
     * besides.
     */
    static long bytes(Way way, Batch batch) {
        long ranks =
                switch (way) {
                    case MASKED -> batch.sumOfRanks();
                    case STACKED -> batch.largestRank() * batch.adapters();
                    case SEGMENTS -> 0;
                };
        long arrays = way == Way.SEGMENTS ? 0 : 2;
        return ranks * (batch.in() + batch.out()) * batch.bytes() + arrays * ARRAY_BYTES;
    }
}

package dev.ligature.server;

import ai.djl.ndarray.types.DataType;
import com.sun.management.OperatingSystemMXBean;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.generation.BatchOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;

/**
 * How a server reads prompts, and how many keys and values it holds.
 *
 * @param prefillTokens the most tokens of prompts that are read between two tokens of the texts
 *     that grow
 * @param bytes the most bytes of keys and values, of texts under way and of kept prefixes together
 * @param keepsPrefixes whether those of texts are kept for requests of the same adapter that begin
 *     with the same tokens
 */
public record ServerCache(int prefillTokens, long bytes, boolean keepsPrefixes) {
    /** What the command line has unless told otherwise. */
    public static final ServerCache DEFAULTS = new ServerCache(512, quarterOfMemory(), true);

    /** Returns a quarter of the memory of the machine, or of the container. */
    private static long quarterOfMemory() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize()
                / 4;
    }

    /**
     * Returns the bytes of one token's keys and values.
     *
     * @param shape the model's sizes
     * @param dataType the data type that the model computes in
     */
    static long tokenBytes(DecoderShape shape, DataType dataType) {
        return 2L
                * shape.layers()
                * shape.keyValueHeads()
                * shape.headSize()
                * dataType.getNumOfBytes();
    }

    /**
     * Returns the options of the batch.
     *
     * @param tokenBytes the bytes of one token's keys and values
     * @throws IOException if there is no room for a block
     */
    BatchOptions options(long tokenBytes) throws IOException {
        long tokens = bytes / tokenBytes;
        if (tokens < BatchOptions.BLOCK) {
            throw new IOException(
                    "The cache of keys and values may have "
                            + bytes
                            + " bytes, and "
                            + BatchOptions.BLOCK
                            + " tokens of this model take "
                            + BatchOptions.BLOCK * tokenBytes
                            + ". Give it more (--cache-memory).");
        }
        // Whole blocks, which are what texts reserve: so a message never asks for what is there.
        return new BatchOptions(prefillTokens, tokens - tokens % BatchOptions.BLOCK, keepsPrefixes);
    }
}

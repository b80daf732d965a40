package dev.ligature.server.internal.engine;

import ai.djl.ndarray.types.DataType;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.settings.ServerCache;
import java.io.IOException;

/**
 * What a server's cache holds of the keys and values of one model.
 *
 * @param tokenBytes the bytes of one token's keys and values
 * @param options how a batch of the model reads prompts, and what it keeps
 */
public record CacheSize(long tokenBytes, BatchOptions options) {
    /**
     * Returns the size of a cache.
     *
     * @throws IOException if there is no room for a block
     */
    public static CacheSize of(LanguageModel model, ServerCache cache) throws IOException {
        DataType dataType = model.lora().base().getParameters().valueAt(0).getArray().getDataType();
        long tokenBytes = tokenBytes(model.shape(), dataType);
        return new CacheSize(tokenBytes, options(cache, tokenBytes));
    }

    static long tokenBytes(DecoderShape shape, DataType dataType) {
        return 2L
                * shape.layers()
                * shape.keyValueHeads()
                * shape.headSize()
                * dataType.getNumOfBytes();
    }

    static BatchOptions options(ServerCache cache, long tokenBytes) throws IOException {
        long tokens = cache.bytes() / tokenBytes;
        if (tokens < BatchOptions.BLOCK) {
            throw new IOException(
                    "The cache of keys and values may have "
                            + cache.bytes()
                            + " bytes, and "
                            + BatchOptions.BLOCK
                            + " tokens of this model take "
                            + BatchOptions.BLOCK * tokenBytes
                            + ". Give it more (--cache-memory).");
        }
        // Whole blocks, which are what texts reserve: so a message never asks for what is there.
        return new BatchOptions(
                cache.prefillTokens(), tokens - tokens % BatchOptions.BLOCK, cache.keepsPrefixes());
    }
}

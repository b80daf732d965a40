package dev.ligature.server.internal.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.DataType;
import dev.ligature.models.DecoderShape;
import dev.ligature.server.settings.ServerCache;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** For how many tokens a cache has room. */
final class CacheSizeTest {
    private static final long TOKEN_BYTES =
            CacheSize.tokenBytes(new DecoderShape(1, 1, 2, 2, 8), DataType.FLOAT32);

    @Test
    void theCache_isOfWholeBlocks() throws IOException {
        ServerCache cache = new ServerCache(512, 201 * 100L, true);
        assertEquals(192, CacheSize.options(cache, 100).cacheTokens());
    }

    @Test
    void aCacheWithoutRoomForABlock_isRefusedAtTheStart() {
        ServerCache cache = new ServerCache(512, 63 * TOKEN_BYTES, true);
        IOException refusal =
                assertThrows(IOException.class, () -> CacheSize.options(cache, TOKEN_BYTES));
        assertEquals(
                "The cache of keys and values may have 16128 bytes, and 64 tokens of this model"
                        + " take 16384. Give it more (--cache-memory).",
                refusal.getMessage());
    }
}

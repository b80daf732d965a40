package dev.ligature.models;

import dev.ligature.LoraException;
import dev.ligature.models.internal.ModelMessage;

/**
 * The sizes of a decoder that text generation depends on.
 *
 * @param vocabulary the number V of tokens
 * @param maxPositions the longest text the model was made for, in tokens
 * @param layers the number of layers, each with keys and values in the cache
 * @param keyValueHeads the number KV of key heads of a layer
 * @param headSize the size D of a head
 */
public record DecoderShape(
        int vocabulary, int maxPositions, int layers, int keyValueHeads, int headSize) {
    /**
     * Checks that token ids are in the vocabulary; models do not, as they would have to wait for
     * the ids in each forward pass.
     *
     * @param ids the token ids of a text
     * @throws LoraException if one is not
     */
    public void checkTokenIds(long... ids) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabulary) {
                throw ModelMessage.TOKEN_OUT_OF_RANGE.error(ids[i], i, vocabulary - 1);
            }
        }
    }
}

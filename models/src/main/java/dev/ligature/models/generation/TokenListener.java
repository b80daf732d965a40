package dev.ligature.models.generation;

/** Is told each token as it is made. */
@FunctionalInterface
public interface TokenListener {
    /** A listener that does nothing. */
    TokenListener NONE = (row, id) -> {};

    /**
     * Takes a token.
     *
     * @param row the row of the batch, from 0
     * @param id the token
     */
    void token(int row, long id);
}

package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.ligature.models.text.TextTokenizer;
import java.util.Arrays;

/** Token ids as users give them. */
final class TokenIds {
    private TokenIds() {}

    /**
     * Returns the ids of a text like {@code 1,2,3;4,5,6}: rows of equal length.
     *
     * @param option the option that the text is of
     * @param text the text
     * @param vocabularySize the ids are below
     */
    static long[][] parse(String option, String text, int vocabularySize) {
        long[][] rows = rows(option, text, vocabularySize);
        for (int row = 0; row < rows.length; row++) {
            if (rows[row].length != rows[0].length) {
                throw new BadInputException(
                        option
                                + " has rows of different lengths: "
                                + rows[0].length
                                + " tokens in the first, "
                                + rows[row].length
                                + " in row "
                                + (row + 1)
                                + ". Give rows of one length.");
            }
        }
        return rows;
    }

    /** Returns the ids of a text like {@code 1,2,3;4,5}: rows of any length. */
    static long[][] rows(String option, String text, int vocabularySize) {
        String[] parts = text.strip().split(";", -1);
        long[][] rows = new long[parts.length][];
        for (int row = 0; row < parts.length; row++) {
            rows[row] =
                    Arrays.stream(parts[row].split(",", -1))
                            .mapToLong(id -> id(option, id))
                            .toArray();
            check(rows[row], vocabularySize, option);
        }
        return rows;
    }

    /**
     * Returns the ids of an array.
     *
     * @param array whole numbers, of any shape
     * @param vocabularySize the ids are below
     * @param origin says where they are from
     */
    static long[] of(NDArray array, int vocabularySize, String origin) {
        try (NDArray wide = array.toType(DataType.INT64, true)) {
            long[] ids = wide.toLongArray();
            check(ids, vocabularySize, origin);
            return ids;
        }
    }

    private static long id(String option, String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            throw new BadInputException(
                    option
                            + " has '"
                            + text.strip()
                            + "' where a token id should be. Write 1,2,3;4,5,6.");
        }
    }

    /** Says of the first token of a prompt that the model does not know what it is. */
    static void check(long[] ids, int vocabularySize, TextTokenizer tokenizer) {
        check(Arrays.stream(ids).mapToInt(id -> (int) id).toArray(), vocabularySize, tokenizer);
    }

    /** Says of the first token that the model does not know what it is. */
    static void check(int[] ids, int vocabularySize, TextTokenizer tokenizer) {
        for (int id : ids) {
            if (id < 0 || id >= vocabularySize) {
                throw new BadInputException(
                        "the tokenizer has token id "
                                + id
                                + " ('"
                                + tokenizer.spelling(id)
                                + "'), but the model knows the ids 0 to "
                                + (vocabularySize - 1)
                                + ". Use the tokenizer of this model, or resize the model's"
                                + " embedding.");
            }
        }
    }

    /** Says of the first id that is not below the size of the vocabulary that it is not. */
    static void check(long[] ids, int vocabularySize, String origin) {
        for (long id : ids) {
            if (id < 0 || id >= vocabularySize) {
                throw new BadInputException(
                        origin
                                + " has token id "
                                + id
                                + ", but the model knows the ids 0 to "
                                + (vocabularySize - 1)
                                + ".");
            }
        }
    }
}

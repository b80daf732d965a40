package dev.ligature.models.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.models.encoder.EncoderInputs;

/** How the hidden states of a text become one vector. */
public enum Pooling {
    /** The mean of all tokens. */
    MEAN("pooling_mode_mean_tokens") {
        @Override
        public NDArray of(NDArray hidden, NDArray mask) {
            return sum(hidden, mask).div(count(mask));
        }
    },
    /** The first token. */
    CLS("pooling_mode_cls_token") {
        @Override
        public NDArray of(NDArray hidden, NDArray mask) {
            return EncoderInputs.first(hidden, mask);
        }
    },
    /** The greatest value of all tokens. */
    MAX("pooling_mode_max_tokens") {
        @Override
        public NDArray of(NDArray hidden, NDArray mask) {
            NDArray one = mask.getManager().ones(new Shape());
            NDArray huge = mask.getManager().full(new Shape(), 1e9f, DataType.FLOAT32);
            return hidden.add(wide(mask).sub(one).mul(huge)).max(TOKENS); // (B, d)
        }
    },
    /** The sum of all tokens divided by the root of their number. */
    MEAN_SQRT_LEN("pooling_mode_mean_sqrt_len_tokens") {
        @Override
        public NDArray of(NDArray hidden, NDArray mask) {
            return sum(hidden, mask).div(count(mask).sqrt());
        }
    };

    private static final int[] TOKENS = {1};

    private final String field;

    Pooling(String field) {
        this.field = field;
    }

    /** Returns the field of sentence-transformers' config.json that asks for it. */
    String field() {
        return field;
    }

    /**
     * Pools hidden states; may be trained through.
     *
     * @param hidden {@code (B, T, d)}
     * @param mask fp32, {@code (B, T)}, 0 at padding and 1 else
     * @return {@code (B, d)}
     */
    public abstract NDArray of(NDArray hidden, NDArray mask);

    private static NDArray sum(NDArray hidden, NDArray mask) {
        return hidden.mul(wide(mask)).sum(TOKENS); // (B, T, d) * (B, T, 1) -> (B, d)
    }

    /** Returns the number of tokens, 1 at least: {@code (B, 1)}. */
    private static NDArray count(NDArray mask) {
        NDManager manager = mask.getManager();
        return mask.sum(TOKENS, true).maximum(manager.ones(new Shape()));
    }

    private static NDArray wide(NDArray mask) {
        Shape shape = mask.getShape();
        return mask.reshape(shape.get(0), shape.get(1), 1);
    }
}

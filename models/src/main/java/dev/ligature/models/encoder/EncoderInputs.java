package dev.ligature.models.encoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.Padding;
import dev.ligature.models.text.TokenizedText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of an encoder. All after the first may be left out, from the last one on:
 *
 * <ol>
 *   <li>token ids: {@code (B, T)}, int64 or int32, each in 0 … V−1
 *   <li>attention mask: {@code (B, T)}, 0 at padding and 1 else, any numeric type
 *   <li>token types: {@code (B, T)}, int64 or int32; 0 without them; only for models that have any
 * </ol>
 *
 * @param ids the token ids
 * @param mask the attention mask as given, or null
 * @param types the token types as given, or null
 */
public record EncoderInputs(NDArray ids, @Nullable NDArray mask, @Nullable NDArray types) {
    private static final int MOST = 3;
    private static final String TYPES = "token_type_embeddings";

    /** Returns whether a model tells the texts of a pair apart by types of tokens. */
    public static boolean hasTypes(PretrainedModel model) {
        return model.lora().layout().modules().stream()
                .anyMatch(module -> module.name().endsWith(TYPES));
    }

    /**
     * Returns the inputs for texts, padded behind; encoders look at no token of padding.
     *
     * @param texts the texts
     * @param hasTypes whether the model has types of tokens
     * @param manager the owner of the arrays
     */
    public static NDList padded(List<TokenizedText> texts, boolean hasTypes, NDManager manager) {
        List<long[]> ids = texts.stream().map(TokenizedText::ids).toList();
        NDList inputs =
                new NDList(Padding.rows(ids, 0, manager), Padding.mask(ids, manager)); // (B, T)
        if (hasTypes) {
            inputs.add(Padding.rows(texts.stream().map(TokenizedText::types).toList(), 0, manager));
        }
        return inputs;
    }

    /**
     * Checks the inputs of a model.
     *
     * @param inputs the arrays
     * @param maxPositions the most tokens of a text
     */
    public static EncoderInputs of(NDList inputs, long maxPositions) {
        int size = inputs.size();
        if (size == 0 || size > MOST) {
            throw ModelMessage.ENCODER_INPUT_COUNT.error(size);
        }
        Shape shape = inputs.get(0).getShape();
        if (shape.dimension() != 2) {
            throw ModelMessage.ENCODER_INPUT_IDS.error(shape);
        }
        if (shape.get(1) > maxPositions) {
            throw ModelMessage.ENCODER_INPUT_LENGTH.error(shape.get(1), maxPositions);
        }
        return new EncoderInputs(
                inputs.get(0),
                size > 1 ? like(shape, "an attention mask", inputs.get(1)) : null,
                size > 2 ? like(shape, "token types", inputs.get(2)) : null);
    }

    /**
     * Checks the inputs of a model that has no token types.
     *
     * @param inputs the arrays
     * @param maxPositions the most tokens of a text
     */
    public static EncoderInputs untyped(NDList inputs, long maxPositions) {
        EncoderInputs in = of(inputs, maxPositions);
        if (in.types != null) {
            throw ModelMessage.ENCODER_INPUT_TYPES.error();
        }
        return in;
    }

    private static NDArray like(Shape ids, String what, NDArray given) {
        if (!given.getShape().equals(ids)) {
            throw ModelMessage.ENCODER_INPUT_SHAPE.error(what, given.getShape(), ids);
        }
        return given;
    }

    /** Returns the attention mask as fp32 in the scope, {@code (B, T)}, or null. */
    public @Nullable NDArray attentionMask(NDManager scope) {
        if (mask == null) {
            return null;
        }
        NDArray copy = mask.toType(DataType.FLOAT32, true);
        copy.attach(scope);
        return copy;
    }

    /**
     * Returns the position of each token, int64 {@code (B, T)}: counted by the mask, so that
     * padding on the left does not count; a token of padding has some position that exists.
     *
     * @param scope the owner of the positions
     * @param attentionMask fp32, {@code (B, T)}, or null
     */
    public NDArray positions(NDManager scope, @Nullable NDArray attentionMask) {
        Shape shape = ids.getShape();
        if (attentionMask == null) {
            // One row for every row of ids, so that axis 0 is the batch in each table.
            return scope.arange(0, (int) shape.get(1), 1, DataType.INT64)
                    .reshape(1, shape.get(1))
                    .broadcast(shape); // (B, T)
        }
        NDArray one = scope.ones(new Shape());
        NDArray counted = attentionMask.cumSum(1).subi(one); // (B, T)
        return counted.maximum(scope.zeros(new Shape())).toType(DataType.INT64, false);
    }

    /** Returns the token types as given, or zeros in the scope, {@code (B, T)}. */
    public NDArray typesOrZero(NDManager scope) {
        return types == null ? scope.zeros(ids.getShape(), DataType.INT64) : types;
    }

    /**
     * Returns what is added to attention scores, {@code (B, 1, 1, T)}: 0 where a token is, and a
     * huge negative where padding is; null if nothing is padding.
     *
     * @param scope the owner of the result
     * @param attentionMask fp32, {@code (B, T)}, or null
     */
    public static @Nullable NDArray added(NDManager scope, @Nullable NDArray attentionMask) {
        if (attentionMask == null) {
            return null;
        }
        Shape shape = attentionMask.getShape();
        NDArray one = scope.ones(new Shape());
        // Not −∞: a text of nothing but padding would be NaN.
        NDArray huge = scope.full(new Shape(), Float.MAX_VALUE, DataType.FLOAT32);
        return attentionMask.sub(one).muli(huge).reshape(shape.get(0), 1, 1, shape.get(1));
    }

    /**
     * Returns the hidden state of the first token of each text, {@code (B, d)}, which is not at
     * place 0 where padding is on the left.
     *
     * @param hidden {@code (B, T, d)}, the owner's of the result
     * @param attentionMask fp32, {@code (B, T)}, or null
     */
    public static NDArray first(NDArray hidden, @Nullable NDArray attentionMask) {
        if (attentionMask == null) {
            return hidden.get(new NDIndex(":, 0"));
        }
        Shape shape = hidden.getShape();
        long batch = shape.get(0);
        long size = shape.get(2);
        NDArray places = attentionMask.argMax(1).reshape(batch, 1, 1); // the first that is 1
        places = places.broadcast(new Shape(batch, 1, size));
        return hidden.gather(places, 1).reshape(batch, size); // (B, 1, d) -> (B, d)
    }
}

package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.ops.ModelPass;
import dev.ligature.ops.OperatorLookup;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A decoder below its head: embedding, layers and a last norm, which the model classes declare.
 * Inputs are those of {@link DecoderInputs}; the first output is {@code (B, T, d)}, in a {@link
 * GenerationPass} {@code (B, 1, d)}, and the cache follows. In a {@link TextsPass} the only output
 * is what that asks for.
 *
 * <p>Inputs and outputs of a layer are those of {@link GroupedAttention}. What a layer computes on
 * the way is freed behind it, in training too: autograd holds what it needs by itself, and memory
 * that is used again is faster than memory that is new.
 */
public abstract class DecoderStack extends AbstractBlock {
    private static final byte VERSION = 1;

    private final int hiddenSize;
    private final int groups;
    private final float scale;
    private final List<LayerKind> kinds;
    private final Map<Rope, float[]> frequencies = new HashMap<>();

    /**
     * Creates a stack.
     *
     * @param hiddenSize the size d of a token's hidden state
     * @param heads the heads of the layers
     * @param scale what the scores of attention are multiplied by
     * @param kinds the kind of each layer
     */
    protected DecoderStack(int hiddenSize, Heads heads, double scale, List<LayerKind> kinds) {
        super(VERSION);
        this.hiddenSize = hiddenSize;
        this.groups = heads.groups();
        this.scale = (float) scale;
        this.kinds = List.copyOf(kinds);
        for (LayerKind kind : kinds) {
            frequencies.computeIfAbsent(kind.rope(), rope -> rope.signedFrequencies(heads.size()));
        }
    }

    /**
     * Returns the first hidden state, {@code (B, T, d)}.
     *
     * @param ids token ids, {@code (B, T)}
     * @param positions fp32, {@code (B or 1, T)}
     * @param call the forward pass
     */
    protected abstract NDArray embed(NDArray ids, NDArray positions, Call call);

    /**
     * Refuses a text that is too long for the model; does nothing where positions are not learned.
     *
     * @param tokenCount the number of tokens, with those in the cache
     */
    protected void checkLength(long tokenCount) {}

    /** Returns the layers. */
    protected abstract List<? extends Block> layers();

    /** Returns the norm behind the layers. */
    protected abstract Block lastNorm();

    @Override
    protected final NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        Call call = new Call(parameterStore, training, params);
        List<? extends Block> layers = layers();
        DecoderInputs in = DecoderInputs.of(inputs, layers.size());
        TextsPass texts = TextsPass.of(params);
        checkLength(texts == null ? in.past() + in.tokens() : texts.longest());
        NDManager caller = in.ids().getManager();
        GenerationPass pass = GenerationPass.of(params);
        boolean plain = pass != null && !pass.isPadded();
        NDList outputs = new NDList(1 + 2 * layers.size());
        ModelPass twice = in.cache(0).isEmpty() ? OperatorLookup.recomputing(parameterStore) : null;
        NDManager scope = caller.newSubManager();
        try {
            if (texts != null) {
                texts.begin(scope);
            }
            boolean unmasked = plain || texts != null;
            NDArray mask = unmasked ? null : in.attentionMask(scope); // (B, P+T), or null
            NDArray positions = // (B or 1, T)
                    plain ? in.countedPositions(scope) : in.positions(scope, mask);
            NDArray x = embed(in.ids(), positions, call); // (B, T) -> (B, T, d)
            x.attach(scope);
            Shared shared = new Shared(in, mask, positions, scope, x.getDataType(), texts);
            outputs.add(x);
            NDArray stepped =
                    texts == null || in.tokens() > 1 || training
                            ? null
                            : new DecoderStep(call, texts, x)
                                    .of(x, layers, kinds, kind -> shared.tables(kind.rope()));
            if (stepped != null) {
                x = stepped; // (B, 1, d)
                x.attach(scope);
            }
            for (int i = 0; i < layers.size() && stepped == null; i++) {
                if (texts != null) {
                    texts.enter(i, kinds.get(i).window());
                }
                NDList layerInputs =
                        new NDList(x).addAll(shared.of(kinds.get(i))).addAll(in.cache(i));
                if (twice != null) {
                    x = twice.layer(x, layer(layers.get(i), layerInputs.subNDList(1), call));
                    continue;
                }
                try (NDManager layerScope = scope.newSubManager()) {
                    x.attach(layerScope);
                    NDList y = call.of(layers.get(i), layerInputs);
                    x = y.get(0); // (B, T, d)
                    x.attach(scope);
                    for (NDArray cached : y.subNDList(1)) {
                        cached.attach(caller);
                        outputs.add(cached);
                    }
                }
            }
            if (texts != null) {
                x = texts.wanted(x); // (B, T, d) or (B, 1, d)
            } else if (pass != null && in.tokens() > 1) {
                x = x.split(new long[] {in.tokens() - 1}, 1).get(1); // (B, 1, d)
            }
            x = call.of(lastNorm(), x);
            x.attach(caller);
            outputs.set(0, x);
        } finally {
            if (twice == null) {
                scope.close(); // else layers read its arrays again on the way back
            }
        }
        return outputs;
    }

    /** Returns a layer as a function of its input. */
    private static UnaryOperator<NDArray> layer(Block layer, NDList others, Call call) {
        return x -> call.of(layer, new NDList(x).addAll(others)).singletonOrThrow();
    }

    /** What layers of one kind share in a pass: the mask and the rotary tables. */
    private final class Shared {
        private final DecoderInputs in;
        private final @Nullable NDArray attentionMask;
        private final NDArray positions;
        private final NDManager scope;
        private final DataType dataType;
        private final @Nullable TextsPass texts;
        private final Map<Rope, RotaryTables> tables = new HashMap<>();
        private final Map<Integer, NDArray> masks = new HashMap<>();

        Shared(
                DecoderInputs in,
                @Nullable NDArray attentionMask,
                NDArray positions,
                NDManager scope,
                DataType dataType,
                @Nullable TextsPass texts) {
            this.in = in;
            this.texts = texts;
            this.attentionMask = attentionMask;
            this.positions = positions;
            this.scope = scope;
            this.dataType = dataType;
        }

        NDList of(LayerKind kind) {
            long all = in.past() + in.tokens();
            boolean cuts = texts == null && kind.window() < all; // the pass has masks of its own
            int window = cuts ? kind.window() : 0;
            NDArray mask = masks.computeIfAbsent(window, this::mask);
            RotaryTables at = tables(kind.rope());
            return new NDList(mask, at.queryCos(), at.querySin(), at.keyCos(), at.keySin());
        }

        private NDArray mask(int window) {
            boolean seesAll = in.tokens() == 1 && attentionMask == null && window == 0;
            if (texts != null || seesAll) {
                return scope.create(new Shape(0)); // hides nothing
            }
            return CausalMask.of(scope, in.past(), in.tokens(), attentionMask, groups, window);
        }

        RotaryTables tables(Rope rope) {
            return tables.computeIfAbsent(
                    rope,
                    turning ->
                            RotaryTables.at(
                                    positions,
                                    Objects.requireNonNull(frequencies.get(turning)),
                                    scale,
                                    dataType));
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, hiddenSize);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0]; // (B, T)
        Shape hidden = new Shape(ids.get(0), ids.get(1), hiddenSize);
        for (Block child : getChildren().values()) {
            child.initialize(manager, dataType, child instanceof TokenEmbedding ? ids : hidden);
        }
    }
}

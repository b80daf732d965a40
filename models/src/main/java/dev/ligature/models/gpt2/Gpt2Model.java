package dev.ligature.models.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Residual;
import dev.ligature.models.block.Rope;
import dev.ligature.models.internal.ModelMessage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The model below the head: tokens and learned positions, layers and a last norm. */
public final class Gpt2Model extends DecoderStack {
    @LoraTarget(value = "wte", role = Role.INPUT_EMBEDDING)
    Block tokens;

    @LoraTarget("wpe")
    Block positions;

    @LoraChild("h")
    final List<Gpt2Block> layers;

    @LoraTarget("ln_f")
    Block norm;

    private final int maxPositions;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Gpt2Model(Gpt2Config config) {
        super(
                config.hiddenSize(),
                config.heads(),
                config.scaled() ? 1 / Math.sqrt(config.heads().size()) : 1,
                Collections.nCopies(config.layers(), new LayerKind(Rope.NONE, 0)));
        int d = config.hiddenSize();
        maxPositions = config.positions();
        tokens = addChildBlock("wte", new TokenEmbedding(config.vocabSize(), d));
        positions = addChildBlock("wpe", new TokenEmbedding(maxPositions, d));
        List<Gpt2Block> built = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            built.add(addChildBlock("layer_" + i, new Gpt2Block(config)));
        }
        layers = List.copyOf(built);
        norm = addChildBlock("ln_f", Gpt2Block.norm(config));
    }

    @Override
    protected NDArray embed(NDArray ids, NDArray places, Call call) {
        NDArray rows = call.of(tokens, ids); // (B, T) -> (B, T, d)
        // Padding on the left is at −1, which is no row of the table; nothing looks at it.
        NDArray known = places.maximum(places.zerosLike()).toType(DataType.INT64, false);
        NDArray learned = call.of(positions, known); // (B or 1, T) -> (B or 1, T, d)
        return Residual.plus(rows, learned, call.training());
    }

    @Override
    protected void checkLength(long tokenCount) {
        if (tokenCount > maxPositions) {
            throw ModelMessage.TEXT_BEYOND_POSITIONS.error(tokenCount, maxPositions);
        }
    }

    @Override
    protected List<? extends Block> layers() {
        return layers;
    }

    @Override
    protected Block lastNorm() {
        return norm;
    }
}

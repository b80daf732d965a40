package dev.ligature.models.gemma;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * The model below the head: embedding, layers and a last norm. Looked-up rows are multiplied by √d,
 * also what an adapter adds to them or puts in their place; the head reads the same weight as it
 * is.
 */
public final class GemmaModel extends DecoderStack {
    @LoraTarget(value = "embed_tokens", role = Role.INPUT_EMBEDDING)
    Block embedTokens;

    @LoraChild("layers")
    final List<GemmaDecoderLayer> layers;

    @LoraTarget("norm")
    Block norm;

    private final float scale;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    GemmaModel(GemmaConfig config) {
        super(
                config.decoder().hiddenSize(),
                config.decoder().heads(),
                1 / Math.sqrt(config.queryScalar()),
                config.decoder().layers());
        DecoderConfig decoder = config.decoder();
        int d = decoder.hiddenSize();
        scale = (float) Math.sqrt(d);
        embedTokens = addChildBlock("embed_tokens", new TokenEmbedding(decoder.vocabSize(), d));
        List<GemmaDecoderLayer> built = new ArrayList<>();
        for (LayerKind kind : decoder.layers()) {
            String name = "layer_" + built.size();
            built.add(addChildBlock(name, new GemmaDecoderLayer(config, kind)));
        }
        layers = List.copyOf(built);
        norm = addChildBlock("norm", RmsNorm.onePlus(d, decoder.normEps()));
    }

    @Override
    protected NDArray embed(NDArray ids, NDArray positions, Call call) {
        NDArray rows = call.of(embedTokens, ids); // (B, T) -> (B, T, d)
        return rows.mul(rows.getManager().full(new Shape(), scale, rows.getDataType()));
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

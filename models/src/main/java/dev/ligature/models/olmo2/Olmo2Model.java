package dev.ligature.models.olmo2;

import ai.djl.ndarray.NDArray;
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

/** The model below the head: embedding, layers and a last norm. */
public final class Olmo2Model extends DecoderStack {
    @LoraTarget(value = "embed_tokens", role = Role.INPUT_EMBEDDING)
    Block embedTokens;

    @LoraChild("layers")
    final List<Olmo2DecoderLayer> layers;

    @LoraTarget("norm")
    Block norm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Olmo2Model(DecoderConfig config) {
        super(
                config.hiddenSize(),
                config.heads(),
                1 / Math.sqrt(config.heads().size()),
                config.layers());
        int d = config.hiddenSize();
        embedTokens = addChildBlock("embed_tokens", new TokenEmbedding(config.vocabSize(), d));
        List<Olmo2DecoderLayer> built = new ArrayList<>();
        for (LayerKind kind : config.layers()) {
            String name = "layer_" + built.size();
            built.add(addChildBlock(name, new Olmo2DecoderLayer(config, kind)));
        }
        layers = List.copyOf(built);
        norm = addChildBlock("norm", new RmsNorm(d, config.normEps()));
    }

    @Override
    protected NDArray embed(NDArray ids, NDArray positions, Call call) {
        return call.of(embedTokens, ids); // (B, T) -> (B, T, d)
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

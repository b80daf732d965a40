package dev.ligature.models.llama;

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
import java.util.ArrayList;
import java.util.List;

/** The model below the head: embedding, layers and a last norm. */
public final class LlamaModel extends DecoderStack {
    @LoraTarget(value = "embed_tokens", role = Role.INPUT_EMBEDDING)
    Block embedTokens;

    @LoraChild("layers")
    final List<LlamaDecoderLayer> layers;

    @LoraTarget("norm")
    Block norm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaModel(LlamaConfig config) {
        super(
                config.hiddenSize(),
                config.heads(),
                1 / Math.sqrt(config.headDim()),
                config.layerKinds());
        int d = config.hiddenSize();
        embedTokens = addChildBlock("embed_tokens", new TokenEmbedding(config.vocabSize(), d));
        List<LlamaDecoderLayer> built = new ArrayList<>();
        for (LayerKind kind : config.layerKinds()) {
            String name = "layer_" + built.size();
            built.add(addChildBlock(name, new LlamaDecoderLayer(config, kind)));
        }
        layers = List.copyOf(built);
        norm = addChildBlock("norm", new RmsNorm(d, config.rmsNormEps()));
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

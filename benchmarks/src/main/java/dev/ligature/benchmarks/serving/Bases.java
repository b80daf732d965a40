package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.LoraModel;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.bert.BertModel;
import dev.ligature.models.bert.BertModelLora;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The base models of the cases that are open, each loaded once as it is and once wrapped. */
final class Bases implements AutoCloseable {
    private final NDManager manager = NDManager.newBaseManager();
    private final Map<Path, Block> plain = new HashMap<>();
    private final Map<Path, LoraModel> wrapped = new HashMap<>();

    NDManager manager() {
        return manager;
    }

    /** Returns a model that is not wrapped; the weights are mapped, so it costs no copy of them. */
    Block plain(Path directory) throws IOException {
        Block model = plain.get(directory);
        if (model == null) {
            model = load(directory);
            plain.put(directory, model);
        }
        return model;
    }

    LoraModel wrapped(Path directory) throws IOException {
        LoraModel model = wrapped.get(directory);
        if (model == null) {
            model = wrap(load(directory));
            wrapped.put(directory, model);
        }
        return model;
    }

    /** Loads a model of BERT or of Llama. */
    Block load(Path directory) throws IOException {
        return ModelFamily.of(directory).load(directory, manager, LoadOptions.defaults());
    }

    static LoraModel wrap(Block model) {
        return model instanceof BertModel bert
                ? BertModelLora.wrap(bert)
                : LlamaForCausalLMLora.wrap((LlamaForCausalLM) model);
    }

    @Override
    public void close() {
        wrapped.values().forEach(LoraModel::unwrap); // frees the adapters
        manager.close();
    }
}

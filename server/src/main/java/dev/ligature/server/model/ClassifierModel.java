package dev.ligature.server.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.classification.TextClassifier;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.models.text.TokenizedText;
import java.io.IOException;
import java.util.List;

/**
 * A model that classifies texts.
 *
 * @param lora the wrapped model
 * @param tokenizer its tokenizer
 * @param classifier computes the logits
 * @param vocabulary how many tokens it knows
 */
public record ClassifierModel(
        LoraModel lora, TextTokenizer tokenizer, TextClassifier classifier, int vocabulary)
        implements EncoderModel {
    /**
     * Returns a loaded model, which must stay open.
     *
     * @param model the model
     * @throws IOException if it has no tokenizer, or its config.json is wrong about its labels
     * @throws LoraException if it is no classifier of texts
     */
    public static ClassifierModel of(PretrainedModel model) throws IOException {
        return new ClassifierModel(
                model.lora(),
                model.tokenizer(),
                TextClassifier.of(model, Routing.none()),
                model.vocabulary());
    }

    @Override
    public int numbers() {
        return classifier.labels().names().size();
    }

    @Override
    public int maxTokens() {
        return classifier.maxTokens();
    }

    @Override
    public ModelTask task() {
        return ModelTask.SEQ_CLS;
    }

    @Override
    public NDArray compute(List<TokenizedText> texts, Routing adapters, NDManager manager) {
        return classifier.through(adapters).logits(texts, manager); // (B, labels)
    }
}

package dev.ligature.models.bert;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.encoder.EncoderFields;

/**
 * What the config.json of a checkpoint says about a BERT model, with the defaults of Transformers.
 * The components have the names of the file's fields.
 *
 * @param vocabSize the number V of tokens
 * @param hiddenSize the size d of a token's hidden state
 * @param intermediateSize the size of the feed-forward part
 * @param numHiddenLayers the number of layers
 * @param numAttentionHeads the number H of heads, which divides d
 * @param maxPositionEmbeddings the most tokens of a text
 * @param typeVocabSize the number of token types
 * @param layerNormEps what the norms add to the variance
 * @param hiddenAct the activation of the feed-forward part and of the MLM head
 * @param tieWordEmbeddings whether the MLM head reads the embedding's weight
 * @param numLabels the number of labels of a classifier
 */
public record BertConfig(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int maxPositionEmbeddings,
        int typeVocabSize,
        double layerNormEps,
        NamedActivation hiddenAct,
        boolean tieWordEmbeddings,
        int numLabels) {

    /**
     * Reads a configuration.
     *
     * @param fields the fields of config.json
     * @throws CheckpointException if it asks for something that the models do not compute; the
     *     message names the field and its value
     */
    static BertConfig read(ConfigFields fields) throws CheckpointException {
        EncoderFields encoder = new EncoderFields(fields);
        fields.only("position_embedding_type", "absolute");
        fields.only("is_decoder", false);
        fields.only("add_cross_attention", false);
        encoder.refuseQuantized();
        fields.noteDropout(
                "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout");
        int heads = encoder.size("num_attention_heads", 12);
        return new BertConfig(
                encoder.size("vocab_size", 30_522),
                encoder.multiple("hidden_size", 768, "num_attention_heads", heads),
                encoder.size("intermediate_size", 3072),
                encoder.layers(12),
                heads,
                encoder.size("max_position_embeddings", 512),
                encoder.size("type_vocab_size", 2),
                fields.number("layer_norm_eps", 1e-12),
                NamedActivation.read(fields, "hidden_act", NamedActivation.GELU),
                fields.bool("tie_word_embeddings", true),
                encoder.labels());
    }

    /** Returns the size D of a head. */
    int headSize() {
        return hiddenSize / numAttentionHeads;
    }
}

package dev.ligature.models.internal;

import dev.ligature.internal.diag.Message;

/** The messages about models, their config.json and the texts that they generate. */
public enum ModelMessage implements Message {
    // config.json
    CONFIG_MISSING(
            "ConfigMissing",
            "%1$s has no config.json. Give the directory of a Hugging Face checkpoint."),
    FIELD_MISSING("ConfigField", "%1$s: the field %2$s is missing. It must be %3$s."),
    FIELD_TYPE("ConfigField", "%1$s: %2$s is %3$s; it must be %4$s."),
    FIELDS_CONTRADICT("ConfigField", "%1$s: %2$s is %3$s and %4$s is %5$s. Remove one of them."),
    FIELD_VALUE("ConfigValue", "%1$s is %2$s; it must be %3$s."),
    FIELD_VALUE_IN_FILE("ConfigValue", "%1$s: %2$s"),
    FIELD_UNSUPPORTED(
            "ConfigUnsupported",
            "%1$s: %2$s is %3$s, which %4$s does not compute; it does %5$s. Use a checkpoint of"
                    + " that kind."),
    FAMILY_UNKNOWN(
            "ConfigUnsupported",
            "%1$s: model_type is %2$s; known are %3$s.%4$s Use a checkpoint of such a model, or"
                    + " put its ModelFamily on the class path."),

    // tokenizer.json
    TOKENIZER_MISSING(
            "TokenizerFile",
            "There is no %1$s. Save the model's tokenizer there with Transformers"
                    + " (AutoTokenizer.from_pretrained, then save_pretrained), or give token ids."),
    TOKENIZER_DAMAGED(
            "TokenizerFile",
            "%1$s is not a tokenizer with a vocabulary: %2$s. Save it once more with Transformers"
                    + " (AutoTokenizer.from_pretrained, then save_pretrained)."),
    TOKENIZER_SPLITS(
            "TokenizerFile",
            "%1$s: split_special_tokens is true, by which special tokens in a text are ordinary"
                    + " text. It is not computed: set it to false."),
    TOKENIZER_LACKS(
            "TokenizerTokens",
            "%1$s does not have the tokens %2$s, which the files beside it add: here they are"
                    + " ordinary text. Save the tokenizer once more with Transformers"
                    + " (AutoTokenizer.from_pretrained, then save_pretrained), which writes them to"
                    + " it."),

    // the chat template
    CHAT_TEMPLATE_MISSING(
            "ChatTemplateMissing",
            "%1$s has no chat template: neither chat_template.jinja nor the field chat_template of"
                    + " tokenizer_config.json. Use a checkpoint that was trained to chat, or write"
                    + " its template into chat_template.jinja."),
    CHAT_TEMPLATE(
            "ChatTemplate",
            "%1$s, line %2$s: %3$s. Correct the template, or write another one into"
                    + " chat_template.jinja."),
    CHAT_REFUSED("ChatRefused", "%1$s refuses the conversation: %2$s"),
    CHAT_VALUE("ChatValue", "%1$s %2$s, which a chat template cannot read. Give a value of JSON."),

    // a forward pass
    INPUT_COUNT(
            "LlamaInputs",
            "The inputs of the model are %1$s arrays. Give token ids, then an attention mask, then"
                    + " positions, then %2$s arrays of the cache, or the first one, two or three of"
                    + " these."),
    INPUT_IDS(
            "LlamaInputs",
            "The inputs of the model have token ids of shape %1$s. Give (batch, tokens)."),
    INPUT_POSITIONS(
            "LlamaInputs",
            "The inputs of the model have an attention mask of shape %1$s, which does not say where"
                    + " tokens stand. Give positions (batch, tokens) after it."),
    INPUT_SHAPE(
            "LlamaInputs",
            "The inputs of the model have %1$s of shape %2$s. With token ids of shape %3$s and %4$s"
                    + " tokens in the cache it must be %5$s."),

    ENCODER_INPUT_COUNT(
            "EncoderInputs",
            "The inputs of the encoder are %1$s arrays. Give token ids, then an attention mask,"
                    + " then token types, or the first one or two of these."),
    ENCODER_INPUT_IDS(
            "EncoderInputs",
            "The inputs of the encoder have token ids of shape %1$s. Give (batch, tokens)."),
    ENCODER_INPUT_LENGTH(
            "EncoderInputs",
            "The inputs of the encoder have texts of %1$s tokens, but the model has %2$s positions."
                    + " Shorten the texts."),
    ENCODER_INPUT_SHAPE(
            "EncoderInputs",
            "The inputs of the encoder have %1$s of shape %2$s. It must be that of the token ids,"
                    + " %3$s."),

    ENCODER_INPUT_TYPES(
            "EncoderInputs",
            "The inputs of the encoder have token types, but the model has none. Give token ids,"
                    + " and an attention mask where there is padding."),

    SEQ2SEQ_COUNT(
            "EncoderDecoderInputs",
            "The inputs of the model are %1$s arrays. Give token ids and a mask for the encoder's"
                    + " output; these and the decoder's ids for logits; or the encoder's output, the"
                    + " mask, the decoder's ids and %2$s arrays of the cache."),
    SEQ2SEQ_SHAPE(
            "EncoderDecoderInputs",
            "The inputs of the model have %1$s of shape %2$s. It must be %3$s."),

    // embeddings
    NOT_EMBEDDING(
            "NotEmbedding",
            "The model in %1$s is %2$s, so it does not embed texts. Use an embedding model, one"
                    + " without a head."),
    NOT_CLASSIFIER(
            "NotClassifier",
            "The model in %1$s is %2$s, so it does not classify texts. Use a classifier of texts,"
                    + " such as BertForSequenceClassification."),
    MODULE_TYPE(
            "EmbeddingModule",
            "%1$s: module %2$s has the type %3$s, which is not computed; known are Transformer,"
                    + " Pooling and Normalize, in this order. Use a model that has these."),
    POOLING_MODE(
            "PoolingMode",
            "%1$s asks for the pooling modes %2$s. Exactly one of %3$s is computed: use a model"
                    + " that has it."),
    PAIRS(
            "EmbeddingPairs",
            "A batch has %1$s questions and %2$s answers. Give at least one question, and an answer"
                    + " for each."),
    PAIR_TEMPERATURE(
            "EmbeddingTemperature",
            "The temperature of the loss is %1$s. Give a number greater than 0, such as 0.05."),

    // data to train on
    LINE("DataLine", "%1$s, line %2$s: %3$s. Write %4$s in each line."),
    LINE_FIELD_TWICE(
            "DataLine", "%1$s, line %2$s: the field %3$s is there twice. Remove one of the two."),
    LINE_FIELD("DataField", "%1$s, line %2$s: %3$s is %4$s; it must be %5$s."),
    LINE_FIELD_MISSING(
            "DataField", "%1$s, line %2$s: the field %3$s is missing. Write %4$s in each line."),
    LINE_LABEL(
            "DataLabel",
            "%1$s, line %2$s: the label %3$s is not one of the model's, which are %4$s.%5$s Correct"
                    + " the label, or id2label and label2id in the model's config.json."),
    LINE_LABELS(
            "DataLabel",
            "%1$s, line %2$s: tokens has %3$s words and %4$s has %5$s. Give a label for each word."),
    LINE_CHAT_LAST(
            "DataChat",
            "%1$s, line %2$s: the last message is of the role %3$s, and the chat template has no"
                    + " generation blocks, so the last answer counts. End with a message of the"
                    + " role assistant, or let all tokens count: --train-on-prompt."),
    LINE_CHAT_UNMARKED(
            "DataChat",
            "%1$s, line %2$s: nothing counts, because the chat template marks no part of the"
                    + " conversation as an answer. Add a message of the role assistant, or let all"
                    + " tokens count: --train-on-prompt."),
    LINE_CHAT_BEGIN(
            "DataChat",
            "%1$s, line %2$s: the chat template does not write the answer behind what it writes"
                    + " of the messages before it, so where the answer begins is not known. Mark"
                    + " answers in the template with {%% generation %%} and {%% endgeneration %%},"
                    + " or let all tokens count: --train-on-prompt."),
    LINE_NO_ANSWER(
            "DataNothingCounts",
            "%1$s, line %2$s: no token of %3$s is an answer that the model could learn. Give it a text,"
                    + " or remove the line."),
    LINES_NO_ITEM(
            "DataNothingCounts",
            "%1$s, line %2$s: of this line, and of the others of a batch of %3$s, there are no %4$s to"
                    + " learn. Remove such lines, or give --batch-size a greater number."),
    DATA_EMPTY("DataEmpty", "%1$s has no line. Write %2$s in each line."),
    DATA_ONE_LINE(
            "DataEmpty",
            "%1$s has one line, of which no part can be held out. Give two lines or more, or other"
                    + " data to measure on."),
    TASK(
            "TrainTask",
            "The model in %1$s is %2$s, so it cannot be trained for the task %3$s. Use the task"
                    + " %4$s, or another model."),
    OTHER_LOSS(
            "TrainTask",
            "A batch has the loss %1$s, but a replica of the model computes %2$s. Make the replica for"
                    + " the task of the training."),
    CONFIG_TASK(
            "TrainTask",
            "The configuration in %1$s has the task_type %2$s, but the model in %3$s is %4$s. Set it"
                    + " to %5$s, or remove it."),
    CLASSIFIER(
            "TrainTask",
            "The model in %1$s is a classifier with %2$s, whose loss is not computed. Use a model"
                    + " with two labels or more, of which one is right."),
    PREFERENCE("TrainPreference", "%1$s is %2$s; it must be %3$s."),
    NOT_PACKED(
            "TrainTask",
            "The model in %1$s, a %2$s, cannot keep the texts of a row apart. Train it without"
                    + " --packing."),
    NO_END(
            "DataEndOfText",
            "The config.json in %1$s has no eos_token_id, which ends a completion. Add it."),
    NO_MASK_TOKEN(
            "MaskToken",
            "The tokenizer in %1$s has no token [MASK], which a masked language model is trained"
                    + " with. Use the tokenizer of this model."),
    TOKENIZER_BEYOND(
            "TokenOutOfRange",
            "The tokenizer has token id %1$s ('%2$s'), but the model knows the ids 0 to %3$s. Use"
                    + " the tokenizer of this model, or resize the model's embedding."),
    BATCH_TENSOR("BatchTensor", "%1$s: tensor %2$s is %3$s %4$s; it must be %5$s."),
    BATCH_TENSOR_MISSING("BatchTensor", "%1$s has no tensor %2$s. For the task %3$s give %4$s."),
    BATCH_TOKEN(
            "BatchTensor",
            "%1$s: tensor %2$s has token id %3$s, but the model knows the ids 0 to %4$s. Use the"
                    + " tokenizer of this model."),

    // ONNX
    ONNX_DAMAGED("OnnxFile", "%1$s is not an ONNX file, or it is cut off. Download it once more."),
    ONNX_ARCHIVE(
            "OnnxFile",
            "%1$s has %2$s files whose names end in %3$s. Give an archive with one, or the file"
                    + " itself."),
    ONNX_PART(
            "OnnxModel",
            "%1$s is not a BERT encoder as Transformers exports one: it has no %2$s. Use a model of"
                    + " that kind, in fp32 and not optimized."),
    ONNX_TYPE(
            "OnnxModel",
            "%1$s: '%2$s' has ONNX's data type %3$s, or is not in the file. Use a model in fp32 with"
                    + " its weights in the file."),

    // generation
    TOKEN_OUT_OF_RANGE(
            "TokenOutOfRange",
            "Token id %1$s at place %2$s is not in the vocabulary, which ends at %3$s. Use the"
                    + " tokenizer of this model."),
    EVALUATION_EMPTY(
            "EvaluationEmpty",
            "The data to measure on has no item that counts: no label, or no token of a completion."
                    + " Give data with some."),
    RUN_BEGUN(
            "RunCheckpoints",
            "%1$s has checkpoints of a training. Go on from the last one with --resume %1$s, or"
                    + " remove the folder to begin anew."),
    RUN_BUSY(
            "RunCheckpoints",
            "%1$s is in use by another training. Wait for its end, or choose another output."),
    RUN_NONE(
            "RunCheckpoints",
            "%1$s has no checkpoint: no directory step-N. Give a checkpoint or the folder that has"
                    + " some, or begin without --resume."),
    RUN_DAMAGED(
            "RunDamaged",
            "%1$s is not there, or is not as the training wrote it. Go on from another checkpoint"
                    + " than %2$s, or begin anew without --resume."),
    RUN_SETTING(
            "RunSettings",
            "%1$s is %2$s here, but was %3$s in the training of %4$s, which would end otherwise."
                    + " Give %1$s as it was, or begin anew without --resume."),
    NOT_DECODER(
            "NotDecoder",
            "The model in %1$s is not a causal language model, which continues texts. Use such a"
                    + " model."),
    NOT_ENCODER_DECODER(
            "NotEncoderDecoder",
            "The model in %1$s is not an encoder with a decoder. Continue texts of a causal language"
                    + " model with TextGenerator."),
    SERVING_TASK(
            "ServingTask",
            "The model in %1$s is %2$s. Serve a model without a head, for embeddings, or a"
                    + " classifier of texts."),
    SERVING_ARGUMENT(
            "ServingArgument",
            "%1$s is '%2$s'; it must be a whole number of MiB from 1 to %3$s. Correct it in"
                    + " serving.properties."),
    SERVING_BLOCK(
            "ServingBlock",
            "The block of model %1$s is a %2$s, which no AdapterBlockFactory has made. Set"
                    + " blockFactory=dev.ligature.models.serving.AdapterBlockFactory in"
                    + " serving.properties."),
    SERVING_REQUEST(
            "ServingRequest",
            "The request is wrong: %1$s '%2$s'. Send {\"inputs\": [\"a text\"], \"adapters\":"
                    + " [\"legal\"]}, or a text as text/plain."),
    SERVING_NO_ADAPTERS(
            "ServingNoAdapters",
            "There is no adapter %1$s: the model has no directory of adapters. Put one into the"
                    + " model's, or name it in serving.properties."),
    EMPTY_PROMPT(
            "EmptyPrompt", "Prompt %1$s has no tokens. Begin with the token that starts a text."),
    TEXT_TOO_LONG(
            "TextTooLong",
            "A prompt of %1$s tokens and %2$s new ones are %3$s, but the model was made for %4$s"
                    + " positions. Shorten the prompt, or ask for fewer tokens."),
    TEXT_EXCEEDS_CACHE(
            "TextExceedsCache",
            "A prompt of %1$s tokens and %2$s new ones are %3$s, but the cache of keys and values"
                    + " has room for %4$s. Shorten the prompt, ask for fewer tokens, or give the"
                    + " cache more memory."),
    TEXT_BEYOND_POSITIONS(
            "TextTooLong",
            "A text has %1$s tokens, but the model has learned %2$s positions. Shorten the text."),
    GENERATION_OPTION("GenerationOptions", "%1$s is %2$s; it must be %3$s."),
    LOGITS_NOT_FINITE(
            "LogitsNotFinite",
            "No token can be chosen after %1$s new tokens of a text through %2$s, because its largest"
                    + " logit is %3$s. Look for NaN, infinite and huge values in the weights of the"
                    + " adapter and of the base.");

    private final String code;
    private final String pattern;

    ModelMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}

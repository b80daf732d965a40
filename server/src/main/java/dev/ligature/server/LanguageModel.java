package dev.ligature.server;

import dev.ligature.LoraModel;
import dev.ligature.models.llama.LlamaConfig;
import dev.ligature.models.text.TextTokenizer;

/**
 * A model that completes texts.
 *
 * @param lora the wrapped model
 * @param config its configuration
 * @param tokenizer its tokenizer
 */
public record LanguageModel(LoraModel lora, LlamaConfig config, TextTokenizer tokenizer) {}

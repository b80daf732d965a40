package dev.ligature.examples.server;

import dev.ligature.LoraModel;
import dev.ligature.examples.llama.LlamaConfig;
import dev.ligature.examples.text.TextTokenizer;

/**
 * A model that completes texts.
 *
 * @param lora the wrapped model
 * @param config its configuration
 * @param tokenizer its tokenizer
 */
public record LanguageModel(LoraModel lora, LlamaConfig config, TextTokenizer tokenizer) {}

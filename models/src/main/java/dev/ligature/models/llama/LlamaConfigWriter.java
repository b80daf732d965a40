package dev.ligature.models.llama;

import com.google.gson.stream.JsonWriter;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.Rope;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/** Writes a {@link LlamaConfig} as the config.json that Transformers loads. */
final class LlamaConfigWriter {
    private LlamaConfigWriter() {}

    static String write(LlamaConfig config) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            json.beginObject();
            architecture(json, config);
            sizes(json, config);
            rope(json, config);
            tokens(json, config.tokens());
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a string does not fail
        }
        return text.append('\n').toString();
    }

    private static void architecture(JsonWriter json, LlamaConfig config) throws IOException {
        json.name("architectures").beginArray().value(config.family().architecture()).endArray();
        json.name("model_type").value(config.family().modelType());
        // Transformers 5 reads dtype, versions before read torch_dtype.
        json.name("dtype").value(config.dataType());
        json.name("torch_dtype").value(config.dataType());
        json.name("hidden_act").value("silu");
        json.name("attention_dropout").value(0.0);
        json.name("initializer_range").value(config.initializerRange());
        json.name("rms_norm_eps").value(config.rmsNormEps());
        json.name("tie_word_embeddings").value(config.tieWordEmbeddings());
        json.name("use_cache").value(true);
        LlamaVariant family = config.family();
        if (family.readsAttentionBias()) {
            json.name("attention_bias").value(config.attentionBias());
        }
        if (family.readsMlpBias()) {
            json.name("mlp_bias").value(config.mlpBias());
        }
        switch (family) {
            case LLAMA -> json.name("pretraining_tp").value(1);
            case QWEN2, QWEN3 -> json.name("use_sliding_window").value(false);
            case MISTRAL -> {
                // nullValue keeps Transformers from its default of 4096.
                int window = config.slidingWindow();
                json.name("sliding_window").value(window == 0 ? null : Integer.valueOf(window));
            }
            case SMOLLM3 -> {
                json.name("no_rope_layers").beginArray();
                for (int i = 0; i < config.numHiddenLayers(); i++) {
                    json.value(config.ropeless().contains(i) ? 0 : 1);
                }
                json.endArray();
            }
        }
    }

    private static void sizes(JsonWriter json, LlamaConfig config) throws IOException {
        json.name("vocab_size").value(config.vocabSize());
        json.name("hidden_size").value(config.hiddenSize());
        json.name("intermediate_size").value(config.intermediateSize());
        json.name("num_hidden_layers").value(config.numHiddenLayers());
        json.name("num_attention_heads").value(config.numAttentionHeads());
        json.name("num_key_value_heads").value(config.numKeyValueHeads());
        json.name("head_dim").value(config.headDim());
        json.name("max_position_embeddings").value(config.maxPositionEmbeddings());
    }

    private static void rope(JsonWriter json, LlamaConfig config) throws IOException {
        json.name("rope_theta").value(config.ropeTheta());
        json.name("rope_parameters").beginObject();
        json.name("rope_theta").value(config.ropeTheta());
        Rope.Scaling scaling = config.rope().scaling();
        if (scaling instanceof Rope.Llama3 llama3) {
            json.name("rope_type").value("llama3");
            json.name("factor").value(llama3.factor());
            json.name("low_freq_factor").value(llama3.lowFactor());
            json.name("high_freq_factor").value(llama3.highFactor());
            json.name("original_max_position_embeddings").value((long) llama3.originalPositions());
        } else if (scaling instanceof Rope.Linear linear) {
            json.name("rope_type").value("linear");
            json.name("factor").value(linear.factor());
        } else {
            json.name("rope_type").value("default");
        }
        json.endObject();
    }

    private static void tokens(JsonWriter json, SpecialTokens tokens) throws IOException {
        // nullValue writes the nulls that keep Transformers from its defaults of 1 and 2.
        json.name("bos_token_id").value(tokens.begin());
        json.name("pad_token_id").value(tokens.pad());
        List<Integer> stops = tokens.stops();
        json.name("eos_token_id");
        if (stops.isEmpty()) {
            json.nullValue();
        } else if (stops.size() == 1) {
            json.value(stops.get(0));
        } else {
            json.beginArray();
            for (Integer stop : stops) {
                json.value(stop);
            }
            json.endArray();
        }
    }
}

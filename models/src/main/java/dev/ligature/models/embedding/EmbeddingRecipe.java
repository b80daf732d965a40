package dev.ligature.models.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How hidden states become embeddings, as the files of sentence-transformers say: modules.json, and
 * the config.json of the folder that it names for pooling. Without them: the mean, as it is.
 *
 * @param pooling how a text becomes one vector
 * @param normalized whether vectors have length 1
 * @param maxTokens the most tokens of a text, with those that the tokenizer puts around it; longer
 *     ones are cut
 */
public record EmbeddingRecipe(Pooling pooling, boolean normalized, int maxTokens) {
    private static final List<String> MODULES = List.of("Transformer", "Pooling", "Normalize");
    private static final String MODES = "pooling_mode_";
    private static final int[] LAST_AXIS = {-1};

    /**
     * Reads the recipe of a model.
     *
     * @param directory the model's directory
     * @throws IOException if a file is damaged, or asks for what is not computed; the message names
     *     it
     */
    public static EmbeddingRecipe read(Path directory) throws IOException {
        int positions =
                ConfigFields.ofModel(directory)
                        .integer("max_position_embeddings")
                        .orElse(Integer.MAX_VALUE);
        int most = positions;
        Path settings = directory.resolve("sentence_bert_config.json");
        if (Files.isRegularFile(settings)) {
            most = ConfigFields.read(settings).integer("max_seq_length").orElse(positions);
        }
        Path modules = directory.resolve("modules.json");
        if (!Files.isRegularFile(modules)) {
            return new EmbeddingRecipe(Pooling.MEAN, false, Math.min(most, positions));
        }
        Pooling pooling = Pooling.MEAN;
        List<String> types = new ArrayList<>();
        Object listed = ConfigFields.readArray(modules, "modules").value("modules").orElse("");
        for (Object module : listed instanceof List<?> list ? list : List.of()) {
            String type = member(module, "type");
            types.add(type.substring(type.lastIndexOf('.') + 1));
            int last = types.size() - 1;
            if (last >= MODULES.size() || !types.get(last).equals(MODULES.get(last))) {
                throw ModelMessage.MODULE_TYPE.fileError(modules, last, type);
            }
            if (types.get(last).equals("Pooling")) {
                pooling = pooling(directory.resolve(member(module, "path")));
            }
        }
        return new EmbeddingRecipe(pooling, types.contains("Normalize"), Math.min(most, positions));
    }

    private static String member(Object module, String name) {
        return module instanceof Map<?, ?> members ? String.valueOf(members.get(name)) : "";
    }

    private static Pooling pooling(Path folder) throws IOException {
        Path file = folder.resolve("config.json");
        ConfigFields fields = ConfigFields.read(file);
        List<String> asked = new ArrayList<>();
        for (String name : fields.names()) {
            if (name.startsWith(MODES) && fields.bool(name, false)) {
                asked.add(name);
            }
        }
        List<Pooling> known =
                Arrays.stream(Pooling.values())
                        .filter(pooling -> asked.contains(pooling.field()))
                        .toList();
        if (known.size() != 1 || asked.size() != 1) {
            throw ModelMessage.POOLING_MODE.fileError(
                    file,
                    asked,
                    Arrays.stream(Pooling.values())
                            .map(Pooling::field)
                            .collect(Collectors.joining(", ")));
        }
        return known.get(0);
    }

    /**
     * Returns the embeddings of texts; may be trained through.
     *
     * @param hidden the hidden states of the texts, {@code (B, T, d)}; the owner of the result
     * @param mask fp32, {@code (B, T)}, 0 at padding and 1 else
     * @return {@code (B, d)}
     */
    public NDArray embed(NDArray hidden, NDArray mask) {
        NDArray pooled = pooling.of(hidden, mask); // (B, d)
        if (!normalized) {
            return pooled;
        }
        NDManager manager = hidden.getManager();
        NDArray least = manager.full(new Shape(), 1e-12f, DataType.FLOAT32);
        NDArray length = pooled.square().sum(LAST_AXIS, true).sqrt(); // (B, 1)
        return pooled.div(length.maximum(least));
    }
}

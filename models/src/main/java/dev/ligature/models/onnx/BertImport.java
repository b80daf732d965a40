package dev.ligature.models.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.internal.files.StagedDirectory;
import dev.ligature.internal.files.StagedFile;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A BERT encoder in fp32 that was exported to ONNX by Transformers, such as all-MiniLM-L6-v2 of
 * sentence-transformers, as a Hugging Face directory.
 *
 * <p>Vectors and embeddings keep their names in ONNX. A matrix has none, so it has the name of the
 * node that reads it, and is stored (in, out). What the graph does not name is read off its
 * constants: the number of heads and the ε of the norms.
 */
public final class BertImport {
    private static final String WORDS = "embeddings.word_embeddings.weight";
    private static final String POSITIONS = "embeddings.position_embeddings.weight";
    private static final String TYPES = "embeddings.token_type_embeddings.weight";
    private static final String WIDE = "encoder.layer.0.intermediate.dense.weight";
    private static final String HEADS = "/encoder/layer.0/attention/self/Constant_2";
    private static final String EPSILON = "/embeddings/LayerNorm/Constant_1";
    private static final String ERF = "/encoder/layer.0/intermediate/intermediate_act_fn/Erf";
    private static final Pattern LAYER = Pattern.compile("encoder\\.layer\\.(\\d+)\\..*");

    private final String origin;
    private final Map<String, OnnxTensor> tensors = new TreeMap<>();
    private final Map<String, OnnxTensor> transposed = new TreeMap<>();
    private final Map<String, OnnxTensor> constants = new LinkedHashMap<>();

    private BertImport(String origin, OnnxGraph graph) throws CheckpointException {
        this.origin = origin;
        boolean erf = false;
        for (Map.Entry<String, OnnxTensor> weight : graph.initializers().entrySet()) {
            String name = weight.getKey();
            if ((name.startsWith("embeddings.") || name.startsWith("encoder."))
                    && weight.getValue().type() != OnnxTensor.INT64) { // position_ids
                tensors.put(name, weight.getValue());
            }
        }
        for (OnnxGraph.Node node : graph.nodes()) {
            erf |= node.name().equals(ERF);
            if (node.operator().equals("MatMul")
                    && node.inputs().size() == 2
                    && graph.initializers().containsKey(node.inputs().get(1))) {
                String module = node.name().substring(1).replace("/MatMul", "").replace('/', '.');
                transposed.put(module + ".weight", graph.initializers().get(node.inputs().get(1)));
            } else if (node.value().size() == 1) {
                constants.put(node.name(), node.value().get(0));
            }
        }
        require(erf, ERF);
    }

    /**
     * Writes a directory: weights, config.json, tokenizer.json, and for sentence-transformers that
     * hidden states are pooled by their mean and normalised.
     *
     * @param onnx the ONNX file
     * @param tokenizer the tokenizer.json of the model
     * @param output the directory to write, which must not exist; it appears whole or not at all
     * @throws CheckpointException if the file is damaged, or is not such a model; the message names
     *     what is missing
     * @throws IOException if a file cannot be read
     */
    public static void write(Path onnx, Path tokenizer, Path output) throws IOException {
        try (FileChannel channel = FileChannel.open(onnx)) {
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            BertImport model =
                    new BertImport(onnx.toString(), OnnxGraph.read(onnx.toString(), bytes));
            String config = model.config();
            StagedDirectory.create(
                    output,
                    staged -> {
                        StagedFile.write(staged.resolve("config.json"), config);
                        model.writeWeights(staged.resolve("model.safetensors"));
                        StagedFile.copy(tokenizer, staged.resolve("tokenizer.json"));
                        writePooling(staged, model.shape(model.tensors, WORDS).get(1));
                    });
        }
    }

    /**
     * Writes a directory, with the ONNX file and the tokenizer.json that an archive holds.
     *
     * @param archive a jar or zip file with one ONNX file and one tokenizer.json, under names that
     *     end like these
     * @param output as in {@link #write}
     * @throws CheckpointException as {@link #write}, or if the archive has not one of each
     * @throws IOException if a file cannot be read
     */
    public static void writeArchive(Path archive, Path output) throws IOException {
        Path onnx = Files.createTempFile("model", ".onnx");
        Path tokenizer = Files.createTempFile("tokenizer", ".json");
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            extract(zip, archive, ".onnx", onnx);
            extract(zip, archive, "tokenizer.json", tokenizer);
            write(onnx, tokenizer, output);
        } finally {
            Files.deleteIfExists(onnx);
            Files.deleteIfExists(tokenizer);
        }
    }

    private static void extract(ZipFile zip, Path archive, String end, Path to) throws IOException {
        List<? extends ZipEntry> entries =
                zip.stream().filter(entry -> entry.getName().endsWith(end)).toList();
        if (entries.size() != 1) {
            throw ModelMessage.ONNX_ARCHIVE.fileError(archive, entries.size(), end);
        }
        try (InputStream in = zip.getInputStream(entries.get(0))) {
            Files.copy(in, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void writeWeights(Path file) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            Map<String, NDArray> arrays = new TreeMap<>();
            for (Map.Entry<String, OnnxTensor> tensor : tensors.entrySet()) {
                arrays.put(tensor.getKey(), array(tensor.getValue(), manager));
            }
            for (Map.Entry<String, OnnxTensor> matrix : transposed.entrySet()) {
                NDArray stored = array(matrix.getValue(), manager); // (in, out)
                arrays.put(matrix.getKey(), stored.transpose().duplicate()); // (out, in)
            }
            SafetensorsWriter.write(file, arrays, Map.of("format", "pt"));
        }
    }

    private NDArray array(OnnxTensor tensor, NDManager manager) throws CheckpointException {
        if (!tensor.isFloat()) {
            throw ModelMessage.ONNX_TYPE.fileError(origin, tensor.name(), tensor.type());
        }
        return manager.create(tensor.floats(), tensor.shape());
    }

    private String config() throws CheckpointException {
        long size = shape(tensors, WORDS).get(1);
        long heads = constant(HEADS, OnnxTensor.INT64).first();
        require(heads > 0 && size % heads == 0, HEADS);
        TreeSet<Integer> layers = new TreeSet<>();
        for (String name : transposed.keySet()) {
            Matcher layer = LAYER.matcher(name);
            if (layer.matches()) {
                layers.add(Integer.valueOf(layer.group(1)));
            }
        }
        return String.format(
                Locale.ROOT,
                """
                {
                  "architectures": ["BertModel"],
                  "model_type": "bert",
                  "vocab_size": %d,
                  "hidden_size": %d,
                  "intermediate_size": %d,
                  "num_hidden_layers": %d,
                  "num_attention_heads": %d,
                  "max_position_embeddings": %d,
                  "type_vocab_size": %d,
                  "hidden_act": "gelu",
                  "layer_norm_eps": %s,
                  "dtype": "float32"
                }
                """,
                shape(tensors, WORDS).get(0),
                size,
                shape(transposed, WIDE).get(1),
                layers.size(),
                heads,
                shape(tensors, POSITIONS).get(0),
                shape(tensors, TYPES).get(0),
                constant(EPSILON, OnnxTensor.FLOAT).floats()[0]);
    }

    private static void writePooling(Path directory, long size) throws IOException {
        StagedFile.write(
                directory.resolve("modules.json"),
                """
                [
                  {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                  {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                  {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
                ]
                """);
        Path pooling = Files.createDirectory(directory.resolve("1_Pooling"));
        StagedFile.write(
                pooling.resolve("config.json"),
                """
                {"word_embedding_dimension": %d, "pooling_mode_mean_tokens": true}
                """
                        .formatted(size));
    }

    private Shape shape(Map<String, OnnxTensor> in, String name) throws CheckpointException {
        OnnxTensor tensor = in.get(name);
        if (tensor == null || tensor.shape().dimension() != 2) {
            throw ModelMessage.ONNX_PART.fileError(origin, name);
        }
        return tensor.shape();
    }

    private OnnxTensor constant(String name, long type) throws CheckpointException {
        OnnxTensor constant = constants.get(name);
        if (constant == null || constant.type() != type || !constant.bytes().hasRemaining()) {
            throw ModelMessage.ONNX_PART.fileError(origin, name);
        }
        return constant;
    }

    private void require(boolean holds, String part) throws CheckpointException {
        if (!holds) {
            throw ModelMessage.ONNX_PART.fileError(origin, part);
        }
    }
}

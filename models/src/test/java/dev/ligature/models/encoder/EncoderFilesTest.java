package dev.ligature.models.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.bert.BertModel;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.PlanWarning;
import dev.ligature.store.AdapterStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which class a directory is loaded as, under which names, and what is refused. */
final class EncoderFilesTest {
    @TempDir Path folder;

    @Test
    void aModelWithAHead_loadsFromTensorsWithoutThePrefix() throws IOException {
        assertSame("bert-sequence", name -> name.replace("bert.", ""));
    }

    @Test
    void aModelWithoutAHead_loadsFromTensorsWithThePrefix() throws IOException {
        assertSame("bert-model", name -> "bert." + name);
    }

    @Test
    void theOldNamesOfNorms_areKnown_andTheSecondNameOfADecodersBias() throws IOException {
        assertSame(
                "bert-mlm",
                name ->
                        name.replace("LayerNorm.weight", "LayerNorm.gamma")
                                .replace("LayerNorm.bias", "LayerNorm.beta")
                                .replace("predictions.bias", "predictions.decoder.bias"));
    }

    /** Renames the tensors of a case, and compares with its numbers. */
    private void assertSame(String name, UnaryOperator<String> renamed) throws IOException {
        try (EncoderCase reference = new EncoderCase(name)) {
            rename(reference.base(), renamed);
            try (PretrainedModel model = PretrainedModel.load(folder)) {
                model.loadAdapter("adapter", reference.adapter(), AdapterLoadOptions.defaults());
                EncoderCase.assertClose(
                        reference.expected("base"),
                        reference.forward(model.lora(), reference.inputs()));
                EncoderCase.assertClose(
                        reference.expected("adapter"),
                        reference.forward(
                                model.lora().routed(Routing.of("adapter")), reference.inputs()));
            }
        }
    }

    /** In Transformers 5.18 {@code cls.predictions.bias} has no effect then, tied or not. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofTwoBiasesOfTheHeadThatDiffer_thatOfTheDecoderIsAdded(boolean tied) throws IOException {
        try (EncoderCase reference = new EncoderCase("bert-mlm");
                NDManager manager = NDManager.newBaseManager();
                SafetensorsReader file =
                        SafetensorsReader.open(reference.base().resolve("model.safetensors"))) {
            Map<String, NDArray> tensors = new TreeMap<>();
            for (String tensor : file.tensors().keySet()) {
                tensors.put(tensor, file.read(tensor, manager));
            }
            NDArray bias = tensors.get("cls.predictions.bias"); // (V)
            tensors.put("cls.predictions.decoder.bias", bias);
            tensors.put("cls.predictions.bias", bias.add(bias.onesLike()));
            if (!tied) {
                String table = "bert.embeddings.word_embeddings.weight";
                tensors.put("cls.predictions.decoder.weight", tensors.get(table));
            }
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
            String config = Files.readString(reference.base().resolve("config.json"));
            config(
                    config.replace(
                            "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": " + tied));
            try (PretrainedModel model = PretrainedModel.load(folder)) {
                EncoderCase.assertClose(
                        reference.expected("base"),
                        reference.forward(model.lora(), reference.inputs()));
            }
            LoadOptions other = LoadOptions.defaults().preferCopyOf("cls.predictions.bias");
            try (PretrainedModel model = PretrainedModel.load(folder, other)) {
                NDArray moved = reference.forward(model.lora(), reference.inputs());
                NDArray ones = reference.inputs().get(1).toType(DataType.FLOAT32, true);
                EncoderCase.assertClose(
                        reference.expected("base").add(ones.expandDims(2)), moved); // (B, T, V)
            }
        }
    }

    /** The modules that PEFT adapted in the cases that were made with all-linear. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "bert-model-linear",
                "bert-mlm",
                "bert-sequence-linear",
                "modernbert-mlm",
                "modernbert-sequence-mean"
            })
    void allLinear_meansTheModulesThatPeftAdapts(String name) throws IOException {
        try (EncoderCase reference = new EncoderCase(name);
                PretrainedModel model = PretrainedModel.load(reference.base())) {
            Adapter theirs =
                    model.loadAdapter("theirs", reference.adapter(), AdapterLoadOptions.defaults());
            LoraPlan plan = model.lora().plan(LoraConfig.builder().setAllLinear().build());
            assertEquals(modules(theirs.plan()), modules(plan));
            boolean headless = name.equals("bert-model-linear");
            assertEquals(
                    headless ? List.of("LoraNoOutputHead") : List.of(),
                    plan.warnings().stream().map(PlanWarning::code).toList());
        }
    }

    private static List<String> modules(LoraPlan plan) {
        return plan.pairs().stream().map(PairPlan::name).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "bert-mlm, attention_probs_dropout_prob is 0.1",
        "modernbert-mlm, mlp_dropout is 0.1",
    })
    void dropout_isNoted(String name, String rate) throws IOException {
        try (EncoderCase reference = new EncoderCase(name)) {
            JsonObject config =
                    JsonParser.parseString(
                                    Files.readString(reference.base().resolve("config.json")))
                            .getAsJsonObject();
            config.addProperty(rate.split(" ", 2)[0], 0.1);
            config(config.toString());
            PrintStream before = System.err;
            ByteArrayOutputStream log = new ByteArrayOutputStream();
            System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
            try {
                ModelFamily.of(folder).create(folder);
            } finally {
                System.setErr(before);
            }
            String logged = log.toString(StandardCharsets.UTF_8);
            assertTrue(logged.contains(rate), logged);
            assertTrue(logged.contains("left out, also where adapters are trained"), logged);
        }
    }

    private void rename(Path base, UnaryOperator<String> renamed) throws IOException {
        Files.copy(base.resolve("config.json"), folder.resolve("config.json"));
        Map<String, NDArray> tensors = new TreeMap<>();
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsReader file =
                        SafetensorsReader.open(base.resolve("model.safetensors"))) {
            for (String tensor : file.tensors().keySet()) {
                tensors.put(renamed.apply(tensor), file.read(tensor, manager));
            }
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
    }

    @Test
    void theClassFollowsFromArchitectures_andIsTheOneWithoutAHeadWhereNoneIsListed()
            throws IOException {
        config("{\"model_type\": \"bert\", \"architectures\": [\"BertForTokenClassification\"]}");
        assertEquals(ModelTask.TOKEN_CLS, ModelFamily.of(folder).task());
        config("{\"model_type\": \"bert\"}");
        assertEquals(ModelTask.FEATURE_EXTRACTION, ModelFamily.of(folder).task());
        assertInstanceOf(BertModel.class, ModelFamily.of(folder).create(folder));
    }

    @Test
    void aClassThatIsNotImplemented_isRefusedWithThoseThatAre() throws IOException {
        config("{\"model_type\": \"bert\", \"architectures\": [\"BertForMultipleChoice\"]}");
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> ModelFamily.of(folder));
        assertEquals("ConfigUnsupported", e.code());
        assertTrue(
                e.getMessage()
                        .contains(
                                "architectures is [BertForMultipleChoice], which the model does"
                                        + " not compute; it does BertModel, BertForMaskedLM,"
                                        + " BertForSequenceClassification,"
                                        + " BertForTokenClassification."),
                e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"position_embedding_type\": \"relative_key\"|'relative_key', which BertModel does",
                "\"is_decoder\": true|is_decoder is true, which BertModel does",
                "\"add_cross_attention\": true|add_cross_attention is true, which BertModel does",
                "\"hidden_act\": \"mish\"|hidden_act is 'mish', which BertModel does not compute;",
                "\"quantization_config\": {}|quantization_config is",
                "\"hidden_size\": 25|hidden_size is 25; it must be a multiple of",
                "\"num_hidden_layers\": -1|num_hidden_layers is -1; it must be positive",
                "\"num_labels\": 3, \"id2label\": {\"0\": \"a\"}|num_labels is 3",
            })
    void whatIsNotComputed_isRefusedByFieldAndValue(String field, String problem)
            throws IOException {
        config("{\"model_type\": \"bert\", " + field + "}");
        ModelFamily<?> family = ModelFamily.of(folder);
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> family.create(folder));
        assertTrue(e.getMessage().contains(problem), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"sparse_prediction\": true|sparse_prediction is true, which ModernBertModel does",
                "\"hidden_activation\": \"mish\"|hidden_activation is 'mish', which",
                "\"classifier_activation\": \"mish\"|classifier_activation is 'mish', which",
                "\"classifier_pooling\": \"max\"|classifier_pooling is 'max', which",
                "\"quantization_config\": {}|quantization_config is",
                "\"hidden_size\": 36|hidden_size is 36; it must be a multiple of",
                "\"head_dim\": 32|head_dim is 32, which",
                "\"local_attention\": 0|local_attention is 0; it must be positive",
                "\"global_attn_every_n_layers\": 0|global_attn_every_n_layers is 0; it must be",
                "\"layer_types\": [\"full_attention\"]|layer_types is [full_attention], which",
                "\"layer_types\": [\"chunked_attention\"]|layer_types is [chunked_attention], which",
                "\"rope_scaling\": {\"rope_type\": \"linear\"}|rope_scaling is",
                "\"rope_parameters\": {\"rope_theta\": 5}|rope_parameters.rope_theta is 5, which",
                "\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"yarn\"}}|is 'yarn', which",
            })
    void whatModernBertDoesNotCompute_isRefusedByFieldAndValue(String field, String problem)
            throws IOException {
        config("{\"model_type\": \"modernbert\", " + field + "}");
        ModelFamily<?> family = ModelFamily.of(folder);
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> family.create(folder));
        assertTrue(e.getMessage().contains(problem), e.getMessage());
    }

    @Test
    void theOlderFieldsOfModernBert_meanWhatTheNewerOnesMean() throws IOException {
        try (EncoderCase reference = new EncoderCase("modernbert-model")) {
            String config = Files.readString(reference.base().resolve("config.json"));
            config(
                    config.replaceAll(
                                    "(?s)\"layer_types\": \\[.*?\\]",
                                    "\"global_attn_every_n_layers\": 3")
                            .replaceAll(
                                    "(?s)\"rope_parameters\": \\{.*?\\}\\s*\\}",
                                    "\"global_rope_theta\": 1000.0, \"local_rope_theta\": 20"));
            Files.copy(
                    reference.base().resolve("model.safetensors"),
                    folder.resolve("model.safetensors"));
            try (PretrainedModel model = PretrainedModel.load(folder)) {
                EncoderCase.assertClose(
                        reference.expected("base"),
                        reference.forward(model.lora(), reference.inputs()));
            }
        }
    }

    private void config(String json) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
    }

    @Test
    void anAdapterOfAnotherTask_isRefused() throws IOException {
        try (EncoderCase tokens = new EncoderCase("bert-token");
                PretrainedModel texts = model("bert-sequence")) {
            LoraException e =
                    assertThrows(
                            LoraException.class,
                            () ->
                                    texts.loadAdapter(
                                            "adapter",
                                            tokens.adapter(),
                                            AdapterLoadOptions.defaults()));
            assertEquals("AdapterTask", e.code());
            assertTrue(
                    e.getMessage().contains("task_type TOKEN_CLS")
                            && e.getMessage().contains("is a classifier of texts"),
                    e.getMessage());
        }
    }

    @Test
    void theStoreOfAModel_refusesThemToo() throws IOException {
        try (EncoderCase tokens = new EncoderCase("bert-token");
                PretrainedModel texts = model("bert-sequence");
                AdapterStore store =
                        texts.openAdapters(
                                tokens.adapter().getParent(),
                                1 << 20,
                                AdapterLoadOptions.defaults())) {
            LoraException e = assertThrows(LoraException.class, () -> store.lease("adapter"));
            assertEquals("AdapterTask", e.code());
        }
    }

    @Test
    void aSavedClassifier_onAModelWithoutOne_isRefused() throws IOException {
        try (EncoderCase texts = new EncoderCase("bert-sequence");
                PretrainedModel embedding = model("bert-mlm")) {
            Path adapter = Files.createDirectory(folder.resolve("adapter"));
            for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
                Files.copy(texts.adapter().resolve(file), adapter.resolve(file));
            }
            Path config = adapter.resolve("adapter_config.json");
            Files.writeString(config, Files.readString(config).replace("\"SEQ_CLS\"", "null"));
            CheckpointException e =
                    assertThrows(
                            CheckpointException.class,
                            () ->
                                    embedding.loadAdapter(
                                            "adapter", adapter, AdapterLoadOptions.defaults()));
            assertTrue(e.getMessage().contains("classifier"), e.getMessage());
        }
    }

    @Test
    void inputsThatDoNotFit_areRefused() throws IOException {
        try (PretrainedModel model = model("bert-model");
                NDManager manager = NDManager.newBaseManager()) {
            assertInputs(model, "[EncoderInputs] The inputs of the encoder are 0 arrays.");
            NDArray ids = manager.zeros(new Shape(2, 3), DataType.INT64);
            assertInputs(model, "token ids of shape (3)", ids.get(0));
            assertInputs(
                    model,
                    "an attention mask of shape (2, 2). It must be that of the token ids, (2, 3)",
                    ids,
                    manager.zeros(new Shape(2, 2)));
            assertInputs(
                    model,
                    "token types of shape (3). It must be",
                    ids,
                    manager.ones(new Shape(2, 3)),
                    ids.get(0));
            assertInputs(
                    model,
                    "texts of 33 tokens, but the model has 32 positions",
                    manager.zeros(new Shape(1, 33), DataType.INT64));
        }
    }

    @Test
    void tokenTypes_areRefusedByAModelThatHasNone() throws IOException {
        try (PretrainedModel model = model("modernbert-sequence");
                NDManager manager = NDManager.newBaseManager()) {
            NDArray ids = manager.zeros(new Shape(2, 3), DataType.INT64);
            assertInputs(
                    model,
                    "have token types, but the model has none",
                    ids,
                    manager.ones(new Shape(2, 3)),
                    ids);
        }
    }

    private static void assertInputs(PretrainedModel model, String problem, NDArray... inputs) {
        LoraException e =
                assertThrows(
                        LoraException.class,
                        () ->
                                model.lora()
                                        .forward(
                                                new ParameterStore(model.manager(), false),
                                                new NDList(inputs),
                                                false));
        assertTrue(e.getMessage().contains(problem), e.getMessage());
    }

    @Test
    void aPass_leavesNoArraysButItsOutputs() throws IOException {
        for (String name : EncoderCase.names()) {
            try (EncoderCase reference = new EncoderCase(name);
                    PretrainedModel model = PretrainedModel.load(reference.base());
                    NDManager scope = model.manager().newSubManager()) {
                NDList inputs = reference.inputs();
                inputs.attach(scope);
                ParameterStore store = new ParameterStore(scope, false);
                int weights = model.manager().getManagedArrays().size();
                NDList outputs = model.lora().forward(store, inputs, false);
                assertEquals(inputs.size() + outputs.size(), scope.getManagedArrays().size(), name);
                outputs.close();
                assertEquals(weights, model.manager().getManagedArrays().size(), name);
            }
        }
    }

    private static PretrainedModel model(String name) throws IOException {
        try (EncoderCase reference = new EncoderCase(name)) {
            return PretrainedModel.load(reference.base());
        }
    }
}

package dev.ligature.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The transform in local mode, next to the library itself. */
class LigatureTransformTest {
    private static final int ADAPTERS = 6;

    @TempDir static Path folder;
    private static SparkSession spark;
    private static Path encoder;
    private static Path adapters;

    @BeforeAll
    static void start() throws Exception {
        spark =
                SparkSession.builder()
                        .master("local[2]")
                        .config("spark.ui.enabled", false)
                        .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())
                        .getOrCreate();
        SparkFixture fixture = new SparkFixture(folder);
        encoder = fixture.encoder();
        adapters = fixture.adapters(encoder, ADAPTERS, "query", "value");
    }

    @AfterAll
    static void stop() {
        spark.stop();
        LoadedModels.get().freeUnused();
    }

    private static LigatureTransform.Builder embedding() {
        return LigatureTransform.builder()
                .setModel(encoder.toString())
                .setTask(LigatureTask.EMBEDDING)
                .optAdapters(adapters.toString())
                .optAdapterColumn("tenant");
    }

    private static float[] floats(Row row, String column) {
        List<Float> list = row.getList(row.fieldIndex(column));
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i);
        }
        return floats;
    }

    @Test
    void embeddings_areThoseOfEachTextAloneThroughItsAdapter_inTheOrderOfTheRows()
            throws Exception {
        LoadedModels.get().freeUnused(); // those of other tests, which have loaded the adapters
        List<Row> rows = SparkFixture.rows(120, ADAPTERS);
        LigatureMetrics metrics = LigatureMetrics.register(spark.sparkContext());

        List<Row> embedded =
                embedding()
                        .optBatch(8, 8192)
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 3), metrics)
                        .collectAsList();

        assertEquals(rows.size(), embedded.size());
        try (PretrainedModel model = PretrainedModel.load(encoder);
                NDManager scope = model.manager().newSubManager()) {
            for (int i = 0; i < ADAPTERS; i++) {
                model.lora().load("t" + i, adapters.resolve("t" + i));
            }
            float[] base = null;
            for (int i = 0; i < rows.size(); i++) {
                Row row = embedded.get(i);
                assertEquals(i, row.getInt(0));
                assertNull(row.getAs("error"));
                String tenant = row.getString(1);
                Routing routing = tenant == null ? Routing.none() : Routing.of(tenant);
                TextEmbedder embedder = TextEmbedder.of(model, routing);
                float[] alone =
                        embedder.embed(embedder.encode(List.of(row.getString(2))), scope)
                                .toFloatArray();
                assertArrayEquals(alone, floats(row, "embedding"), 1e-5f);
                base = base == null && tenant != null ? alone : base;
            }
            TextEmbedder plain = TextEmbedder.of(model, Routing.none());
            Row first = embedded.stream().filter(row -> !row.isNullAt(1)).findFirst().orElseThrow();
            float[] untouched =
                    plain.embed(plain.encode(List.of(first.getString(2))), scope).toFloatArray();
            assertTrue(distance(untouched, base) > 1e-2, "adapters make a difference");
        }
        assertEquals(120, metrics.rows());
        assertEquals(0, metrics.failures());
        assertEquals(ADAPTERS, metrics.adapterLoads());
        assertEquals(15, metrics.batches()); // 40 rows of each partition are five batches
        assertTrue(metrics.fill() > 0.8 && metrics.fill() <= 1, metrics.toString());
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs(a[i] - b[i]);
        }
        return sum;
    }

    @Test
    void aRowThatCannotBeComputed_hasItsReason_andTheOthersTheirResults() {
        List<Row> rows =
                List.of(
                        RowFactory.create(0, "t0", "the dog"),
                        RowFactory.create(1, "nobody", "the dog"),
                        RowFactory.create(2, "t0", "dog ".repeat(600)),
                        RowFactory.create(3, "../t0", "the dog"),
                        RowFactory.create(4, "t1", null),
                        RowFactory.create(5, null, "the dog"));
        LigatureMetrics metrics = LigatureMetrics.register(spark.sparkContext());

        List<Row> done =
                embedding()
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 1), metrics)
                        .collectAsList();

        List<String> errors = done.stream().map(row -> row.<String>getAs("error")).toList();
        assertNull(errors.get(0));
        assertTrue(errors.get(1).contains("has no adapter nobody."), errors.get(1));
        assertTrue(
                errors.get(2)
                        .startsWith("[SparkText] The text has 1802 tokens, more than the 32 of"),
                errors.get(2));
        assertTrue(errors.get(3).contains("../t0"), errors.get(3));
        assertNull(errors.get(4));
        assertNull(errors.get(5));
        List<Boolean> results = done.stream().map(row -> !row.isNullAt(3)).toList();
        assertEquals(List.of(true, false, false, false, false, true), results);
        assertEquals(2, metrics.rows());
        assertEquals(3, metrics.failures());
    }

    @Test
    void textsThatAreTooLong_areCutIfAsked() {
        List<Row> rows = List.of(RowFactory.create(0, "t0", "dog ".repeat(600)));

        Row row =
                embedding()
                        .optTruncate(true)
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 1))
                        .first();

        assertNull(row.getAs("error"));
        assertEquals(24, floats(row, "embedding").length);
    }

    @Test
    void failFast_endsTheJobWithTheReason() {
        List<Row> rows = List.of(RowFactory.create(0, "nobody", "the dog"));
        Dataset<Row> done =
                embedding()
                        .optFailFast(true)
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 1));

        SparkException error = assertThrows(SparkException.class, done::collectAsList);

        assertTrue(error.getMessage().contains("has no adapter nobody."), error.getMessage());
    }

    @Test
    void adaptersThatDoNotFitTheMemoryTogether_areComputedInParts() {
        long two = 2 * (2 * 2 * 2 * 4 * 24 * Float.BYTES); // layers, modules, factors, rank, width
        List<Row> rows = SparkFixture.rows(60, ADAPTERS);

        List<Row> tight =
                embedding()
                        .optAdapterMemory(two)
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 2))
                        .collectAsList();
        List<Row> roomy =
                embedding().build().transform(SparkFixture.dataset(spark, rows, 2)).collectAsList();

        for (int i = 0; i < rows.size(); i++) {
            assertNull(tight.get(i).getAs("error"));
            assertArrayEquals(
                    floats(roomy.get(i), "embedding"), floats(tight.get(i), "embedding"), 1e-5f);
        }
    }

    @Test
    void functionsOfSql_giveWhatTheTransformGives() {
        List<Row> rows = SparkFixture.rows(10, ADAPTERS);
        Dataset<Row> data = SparkFixture.dataset(spark, rows, 2);
        data.createOrReplaceTempView("mails");
        LigatureTransform transform = embedding().optBatch(1, 8192).build();
        transform.register(spark, "ligature_embed");

        List<Row> selected =
                spark.sql("SELECT id, ligature_embed(tenant, text) AS embedding FROM mails")
                        .collectAsList();

        List<Row> expected = transform.transform(data).collectAsList();
        for (int i = 0; i < rows.size(); i++) {
            assertArrayEquals(
                    floats(expected.get(i), "embedding"), floats(selected.get(i), "embedding"));
        }
        assertTrue(
                spark.sql("SELECT try_ligature_embed('nobody', 'the dog') AS e")
                        .first()
                        .isNullAt(0));
        Exception error =
                assertThrows(
                        Exception.class,
                        () -> spark.sql("SELECT ligature_embed('nobody', 'the dog')").collect());
        assertTrue(causes(error).contains("has no adapter nobody."), causes(error));
    }

    private static String causes(Throwable error) {
        StringBuilder all = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            all.append(cause).append('\n');
        }
        return all.toString();
    }

    @Test
    void classifiers_giveTheLabelAndItsProbability() throws Exception {
        SparkFixture fixture = new SparkFixture(folder);
        Path classifier = fixture.classifier();
        Path theirs = fixture.adapters(classifier, 2, "query", "value");
        List<Row> rows = SparkFixture.rows(12, 2);

        List<Row> done =
                LigatureTransform.builder()
                        .setModel(classifier.toString())
                        .setTask(LigatureTask.CLASSIFICATION)
                        .optAdapters(theirs.toString())
                        .optAdapterColumn("tenant")
                        .optOutputColumn("label")
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 1))
                        .collectAsList();

        try (PretrainedModel model = PretrainedModel.load(classifier);
                NDManager scope = model.manager().newSubManager()) {
            model.lora().load("t0", theirs.resolve("t0"));
            model.lora().load("t1", theirs.resolve("t1"));
            for (Row row : done) {
                assertNull(row.getAs("error"));
                Row result = row.getAs("label");
                long[] ids = model.tokenizer().encodePrompt(row.getString(2));
                String tenant = row.getString(1);
                float[] logits =
                        model.lora()
                                .routed(tenant == null ? Routing.none() : Routing.of(tenant))
                                .forward(
                                        new ParameterStore(scope, false),
                                        new NDList(scope.create(new long[][] {ids})),
                                        false)
                                .get(0)
                                .toFloatArray();
                double sum = 0;
                int best = 0;
                for (int i = 0; i < logits.length; i++) {
                    sum += Math.exp(logits[i]);
                    best = logits[i] > logits[best] ? i : best;
                }
                assertEquals("LABEL_" + best, result.getString(0));
                assertEquals(Math.exp(logits[best]) / sum, result.getFloat(1), 1e-5);
                List<Float> all = result.getList(2);
                assertEquals(1, all.stream().mapToDouble(p -> p).sum(), 1e-5);
                assertEquals(result.getFloat(1), all.get(best));
            }
        }
    }

    @Test
    void generations_areThoseOfEachTextAlone() throws Exception {
        Path theirs = new SparkFixture(folder).adapters(SparkFixture.DEMO, 2, "q_proj", "v_proj");
        List<Row> rows = SparkFixture.rows(9, 2);

        List<Row> done =
                LigatureTransform.builder()
                        .setModel(SparkFixture.DEMO.toString())
                        .setTask(LigatureTask.GENERATION)
                        .optAdapters(theirs.toString())
                        .optAdapterColumn("tenant")
                        .optMaxNewTokens(5)
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 1))
                        .collectAsList();

        try (PretrainedModel model = PretrainedModel.load(SparkFixture.DEMO)) {
            model.lora().load("t0", theirs.resolve("t0"));
            model.lora().load("t1", theirs.resolve("t1"));
            List<String> seen = new ArrayList<>();
            for (Row row : done) {
                assertNull(row.getAs("error"));
                long[] prompt = model.tokenizer().encodePrompt(row.getString(2));
                String tenant = row.getString(1);
                long[] added =
                        TextGenerator.of(
                                        model, tenant == null ? Routing.none() : Routing.of(tenant))
                                .generate(
                                        List.of(prompt),
                                        GenerationOptions.greedy(5)
                                                .withStopIds(model.tokens().stops()),
                                        TokenListener.NONE)
                                .get(0);
                String text = model.tokenizer().continuation(prompt, added);
                assertEquals(text, row.getAs("generation"));
                seen.add(text);
            }
            assertTrue(seen.stream().distinct().count() > 3, seen.toString());
        }
    }

    @Test
    void perplexities_areThoseOfTheLogits() throws Exception {
        List<Row> rows = SparkFixture.rows(7, 0);

        List<Row> done =
                LigatureTransform.builder()
                        .setModel(SparkFixture.DEMO.toString())
                        .setTask(LigatureTask.PERPLEXITY)
                        .build()
                        .transform(SparkFixture.dataset(spark, rows, 1))
                        .collectAsList();

        try (PretrainedModel model = PretrainedModel.load(SparkFixture.DEMO);
                NDManager scope = model.manager().newSubManager()) {
            for (Row row : done) {
                long[] ids = model.tokenizer().encodePrompt(row.getString(2));
                float[] logits =
                        model.lora()
                                .routed(Routing.none())
                                .forward(
                                        new ParameterStore(scope, false),
                                        new NDList(scope.create(new long[][] {ids})),
                                        false)
                                .get(0)
                                .toFloatArray();
                int vocabulary = logits.length / ids.length;
                double loss = 0;
                for (int t = 0; t + 1 < ids.length; t++) {
                    double sum = 0;
                    for (int v = 0; v < vocabulary; v++) {
                        sum += Math.exp(logits[t * vocabulary + v]);
                    }
                    loss += Math.log(sum) - logits[t * vocabulary + (int) ids[t + 1]];
                }
                double expected = ids.length < 2 ? Double.NaN : Math.exp(loss / (ids.length - 1));
                assertEquals(expected, row.<Double>getAs("perplexity"), 1e-4 * expected);
            }
        }
    }

    @Test
    void wrongColumnsAndSettings_areRefusedByName() {
        Dataset<Row> data = SparkFixture.dataset(spark, SparkFixture.rows(1, 1), 1);

        refused(
                "[SparkColumn] The data has no column body. It has id, tenant, text; name one of"
                        + " them as optTextColumn.",
                () -> embedding().optTextColumn("body").build().transform(data));
        refused(
                "[SparkColumn] The column id (optTextColumn) is of type int, not string.",
                () -> embedding().optTextColumn("id").build().transform(data));
        refused(
                "[SparkColumn] The data already has a column text. Give optOutputColumn another",
                () -> embedding().optOutputColumn("text").build().transform(data));
        refused(
                "[SparkSetting] setTask is not set. Give one of [EMBEDDING,",
                () -> LigatureTransform.builder().setModel("m").build());
        refused(
                "[SparkSetting] the rows of optBatch is 0; it must be 1 or more.",
                () -> embedding().optBatch(0, 1).build());
        refused(
                "[SparkSetting] optAdapters is not set. Give the directory of the adapters in"
                        + " column tenant.",
                () ->
                        LigatureTransform.builder()
                                .setModel("m")
                                .setTask(LigatureTask.EMBEDDING)
                                .optAdapterColumn("tenant")
                                .build());
    }

    @Test
    void aModelThatIsMissingOrOfAnotherKind_endsTheJobWithTheReason() {
        Dataset<Row> data = SparkFixture.dataset(spark, SparkFixture.rows(1, 0), 1);
        LigatureTransform.Builder missing =
                LigatureTransform.builder()
                        .setModel(folder.resolve("absent").toString())
                        .setTask(LigatureTask.EMBEDDING);
        LigatureTransform.Builder other =
                LigatureTransform.builder()
                        .setModel(encoder.toString())
                        .setTask(LigatureTask.GENERATION);

        String first =
                causes(
                        assertThrows(
                                SparkException.class,
                                () -> missing.build().transform(data).collectAsList()));
        String second =
                causes(
                        assertThrows(
                                SparkException.class,
                                () -> other.build().transform(data).collectAsList()));

        assertTrue(first.contains("[SparkFiles] There is no folder "), first);
        assertTrue(
                second.contains(
                        "[SparkTask] The task GENERATION needs a causal language model, but the"
                                + " model in "),
                second);
    }

    @Test
    void aModelWhoseFilesChanged_isLoadedAnew() throws Exception {
        Path copy = new SparkFixture(folder.resolve("changing")).encoder();
        List<Row> rows = List.of(RowFactory.create(0, null, "the dog"));
        LigatureTransform transform =
                LigatureTransform.builder()
                        .setModel(copy.toString())
                        .setTask(LigatureTask.EMBEDDING)
                        .build();
        Dataset<Row> data = SparkFixture.dataset(spark, rows, 1);
        float[] before = floats(transform.transform(data).first(), "embedding");

        java.nio.file.Files.writeString(
                copy.resolve("modules.json"),
                "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"}]");
        java.nio.file.Files.writeString(
                copy.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 3}");
        Row after = transform.transform(SparkFixture.dataset(spark, rows, 1)).first();

        assertEquals(24, before.length);
        assertTrue(after.<String>getAs("error").contains("more than the 3 of"), after.toString());
    }

    @Test
    void batches_leaveNoArrayBehind() {
        List<Row> rows = SparkFixture.rows(1000, ADAPTERS);
        LigatureTransform transform = embedding().optBatch(1, 8192).build();
        transform.transform(SparkFixture.dataset(spark, rows.subList(0, 50), 2)).collectAsList();
        int before = arrays();

        LigatureMetrics metrics = LigatureMetrics.register(spark.sparkContext());
        transform.transform(SparkFixture.dataset(spark, rows, 2), metrics).collectAsList();

        assertEquals(1000, metrics.batches());
        assertEquals(before, arrays());
        assertNotEquals(0, before);
    }

    /** Returns the arrays of the engine, whoever owns them. */
    private static int arrays() {
        try (NDManager manager = NDManager.newBaseManager()) {
            return manager.getParentManager().getManagedArrays().size();
        }
    }

    private static void refused(String message, org.junit.jupiter.api.function.Executable call) {
        LoraException error = assertThrows(LoraException.class, call);
        assertTrue(error.getMessage().startsWith(message), error.getMessage());
    }
}

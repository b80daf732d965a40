package dev.ligature.spark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.ligature.Adapter;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Small models and adapters in a folder, and rows for them. */
final class SparkFixture {
    static final Path DEMO = Path.of("..", "examples", "demo", "base");
    private static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");
    private static final List<String> WORDS =
            List.of("the", "dog", "sleeps", "fox", "runs", "a", "fine", "film", "list", "file");

    private final Path folder;

    SparkFixture(Path folder) {
        this.folder = folder;
    }

    /** Returns an embedding model of 32 positions. */
    Path encoder() throws IOException {
        return model("bert-model");
    }

    /** Returns a classifier of texts. */
    Path classifier() throws IOException {
        return model("bert-sequence");
    }

    private Path model(String name) throws IOException {
        Path model = folder.resolve(name);
        if (!Files.exists(model)) {
            Files.createDirectories(model);
            try (Stream<Path> files = Files.list(RESOURCES.resolve("encoders/" + name + "/base"))) {
                for (Path file : files.toList()) {
                    Files.copy(file, model.resolve(file.getFileName().toString()));
                }
            }
            Files.copy(RESOURCES.resolve("tasks/tokenizer.json"), model.resolve("tokenizer.json"));
        }
        return model;
    }

    /** Writes adapters t0, t1 and so on, which change what a model computes, and returns where. */
    Path adapters(Path model, int count, String... modules) throws IOException {
        Path adapters = folder.resolve("adapters-" + model.getFileName());
        Files.createDirectories(adapters);
        try (PretrainedModel loaded = PretrainedModel.load(model)) {
            loaded.manager().getEngine().setRandomSeed(7);
            for (int i = 0; i < count; i++) {
                String task = loaded.task().taskType();
                Adapter adapter =
                        loaded.lora()
                                .create(
                                        "made",
                                        LoraConfig.builder()
                                                .setTargetModules(modules)
                                                .optRank(4)
                                                .optTaskType(task)
                                                .build());
                for (Pair<String, Parameter> named : adapter.parameters()) {
                    try (NDManager scope = loaded.manager().newSubManager()) {
                        NDArray array = named.getValue().getArray();
                        NDArray alias = array.stopGradient();
                        alias.attach(scope);
                        alias.set(
                                new NDIndex(":"),
                                scope.randomNormal(0, 0.5f, array.getShape(), DataType.FLOAT32));
                    }
                }
                loaded.lora().save("made", adapters.resolve("t" + i));
                loaded.lora().remove("made");
            }
        }
        return adapters;
    }

    static final StructType SCHEMA =
            new StructType()
                    .add("id", DataTypes.IntegerType)
                    .add("tenant", DataTypes.StringType)
                    .add("text", DataTypes.StringType);

    /** Returns rows of 1 to 6 words; each names one of the adapters, or none for the base. */
    static List<Row> rows(int count, int adapters) {
        Random random = new Random(11);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            for (int words = 1 + random.nextInt(6); words > 0; words--) {
                text.append(WORDS.get(random.nextInt(WORDS.size()))).append(' ');
            }
            int adapter = random.nextInt(adapters + 1);
            rows.add(
                    RowFactory.create(
                            i, adapter == adapters ? null : "t" + adapter, text.toString()));
        }
        return rows;
    }

    static Dataset<Row> dataset(SparkSession spark, List<Row> rows, int partitions) {
        return spark.createDataFrame(
                new org.apache.spark.api.java.JavaSparkContext(spark.sparkContext())
                        .parallelize(rows, partitions),
                SCHEMA);
    }
}

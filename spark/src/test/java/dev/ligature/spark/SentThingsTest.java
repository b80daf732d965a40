package dev.ligature.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** What Spark sends to executors holds values, and nothing native. */
class SentThingsTest {
    private static Settings settings() {
        return LigatureTransform.builder()
                .setModel("/models/base")
                .setTask(LigatureTask.GENERATION)
                .optAdapters("/models/adapters")
                .optAdapterColumn("tenant")
                .build()
                .settings();
    }

    /** Returns the classes of the objects that come out of a stream. */
    private static Set<String> classes(Object sent) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(sent);
        }
        Set<String> classes = new TreeSet<>();
        try (ObjectInputStream in =
                new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())) {
                    @Override
                    protected ObjectStreamClass readClassDescriptor()
                            throws java.io.IOException, ClassNotFoundException {
                        ObjectStreamClass descriptor = super.readClassDescriptor();
                        classes.add(descriptor.getName());
                        return descriptor;
                    }
                }) {
            in.readObject();
        }
        return classes;
    }

    @Test
    void functions_holdSettingsAlone() throws Exception {
        Set<String> rows = classes(new RowFunction(settings(), true));
        Set<String> partitions = classes(new PartitionFunction(settings(), 1, 2, null));

        rows.remove(RowFunction.class.getName());
        partitions.remove(PartitionFunction.class.getName());
        assertEquals(
                Set.of(
                        "dev.ligature.spark.LigatureTask",
                        "dev.ligature.spark.Settings",
                        "java.lang.Enum",
                        "java.util.CollSer"),
                rows);
        assertEquals(rows, partitions);
    }

    @Test
    void metrics_areAccumulatorsOfSpark() throws Exception {
        try (SparkSession spark =
                SparkSession.builder()
                        .master("local[1]")
                        .config("spark.ui.enabled", false)
                        .getOrCreate()) {
            Set<String> classes =
                    classes(
                            new PartitionFunction(
                                    settings(),
                                    1,
                                    2,
                                    LigatureMetrics.register(spark.sparkContext())));

            assertTrue(
                    classes.stream().noneMatch(name -> name.startsWith("ai.djl")),
                    classes.toString());
            assertTrue(
                    classes.contains("org.apache.spark.util.LongAccumulator"), classes.toString());
        }
    }

    @Test
    void theTasksOfATraining_areOptionsAndBytes() throws Exception {
        try (SparkSession spark =
                SparkSession.builder()
                        .master("local[1]")
                        .config("spark.ui.enabled", false)
                        .getOrCreate()) {
            JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
            TrainingArguments maker =
                    TrainingArguments.of(
                            new String[] {"--model", "base", "--data", "lines.jsonl"}, Map.of());
            Set<String> classes =
                    classes(
                            new GradientFunction(
                                    "id", maker, "plain", context.broadcast(new byte[] {1})));

            assertTrue(
                    classes.stream().noneMatch(name -> name.startsWith("ai.djl")),
                    classes.toString());
            assertEquals(
                    Set.of(GradientFunction.class.getName(), TrainingArguments.class.getName()),
                    classes.stream()
                            .filter(name -> name.startsWith("dev.ligature"))
                            .collect(Collectors.toSet()));
        }
    }
}

package dev.ligature.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The driver of a cluster of two executors on this machine: embeds rows there, once undisturbed and
 * once with an executor killed, and compares with the same partitions computed in this process.
 */
final class ClusterProgram {
    private static final int ROWS = 2000;
    private static final int ADAPTERS = 20;
    private static final int PARTITIONS = 16;

    private ClusterProgram() {}

    public static void main(String... args) throws Exception {
        Path folder = Path.of(args[0]);
        SparkFixture fixture = new SparkFixture(folder);
        Path encoder = fixture.encoder();
        Path adapters = fixture.adapters(encoder, ADAPTERS, "query", "value");
        LigatureTransform transform =
                LigatureTransform.builder()
                        .setModel(encoder.toString())
                        .setTask(LigatureTask.EMBEDDING)
                        .optAdapters(adapters.toString())
                        .optAdapterColumn("tenant")
                        .build();
        try (SparkSession spark =
                SparkSession.builder()
                        .master("local-cluster[2,1,1024]")
                        .config("spark.ui.enabled", false)
                        .config("spark.executorEnv.OMP_NUM_THREADS", "1")
                        .config("spark.executorEnv.OPT_OUT_TRACKING", "true")
                        .config("spark.executor.extraJavaOptions", "-Dai.djl.offline=true")
                        .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())
                        .getOrCreate()) {
            Dataset<Row> data =
                    SparkFixture.dataset(spark, SparkFixture.rows(ROWS, ADAPTERS), PARTITIONS);
            LigatureMetrics metrics = LigatureMetrics.register(spark.sparkContext());
            List<Row> undisturbed = transform.transform(data, metrics).collectAsList();
            System.out.println("executors " + executors().size());
            System.out.println("counted " + metrics);
            List<Row> here = here(data.toJavaRDD(), transform.settings());
            System.out.println("equal " + equal(here, undisturbed));

            Killer killer = new Killer();
            spark.sparkContext().addSparkListener(killer);
            List<Row> disturbed = transform.transform(data).collectAsList();
            System.out.println("equal after a kill " + equal(here, disturbed));
            System.out.println("removed " + killer.removed.get());
        }
    }

    /** Returns the processes of the executors: the driver starts no others. */
    private static List<ProcessHandle> executors() {
        return ProcessHandle.current().children().toList();
    }

    /** Returns what the partitions of a table become in this process. */
    private static List<Row> here(JavaRDD<Row> rows, Settings settings) {
        List<Row> all = new ArrayList<>();
        for (List<Row> partition : rows.glom().collect()) {
            Iterator<Row> computed = new PartitionRows(partition.iterator(), settings, 2, 1, null);
            computed.forEachRemaining(all::add);
        }
        return all;
    }

    /** Returns how many rows have the same embedding, bit for bit, and no error. */
    private static int equal(List<Row> here, List<Row> there) {
        int equal = 0;
        for (int i = 0; i < here.size(); i++) {
            float[] one = (float[]) here.get(i).get(3);
            List<Float> other = there.get(i).getList(3);
            boolean same =
                    there.get(i).isNullAt(4)
                            && here.get(i).getInt(0) == there.get(i).getInt(0)
                            && one.length == other.size();
            for (int k = 0; same && k < one.length; k++) {
                same = Float.floatToIntBits(one[k]) == Float.floatToIntBits(other.get(k));
            }
            equal += same ? 1 : 0;
        }
        return equal;
    }

    /** Kills an executor when some tasks have ended. */
    private static final class Killer extends SparkListener {
        private final AtomicInteger ended = new AtomicInteger();
        private final AtomicInteger removed = new AtomicInteger();

        @Override
        public void onTaskEnd(SparkListenerTaskEnd task) {
            if (ended.incrementAndGet() == PARTITIONS / 4) {
                executors().get(0).destroyForcibly();
            }
        }

        @Override
        public void onExecutorRemoved(SparkListenerExecutorRemoved executor) {
            removed.incrementAndGet();
        }
    }
}

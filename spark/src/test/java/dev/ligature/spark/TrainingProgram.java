package dev.ligature.spark;

import dev.ligature.cli.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;

/**
 * The driver of a cluster of two executors on this machine: trains an adapter in this process and
 * by the executors, undisturbed and with one of them killed, and has each go on where the other
 * was.
 */
final class TrainingProgram {
    /** Batches of the training, of which each is a task. */
    private static final int TASKS = 10 * 4;

    private TrainingProgram() {}

    public static void main(String... args) throws Exception {
        Path folder = Path.of(args[0]);
        TrainingFixture fixture = new TrainingFixture(folder);
        Path here = folder.resolve("here");
        System.out.println("here " + Training.run(fixture.tied(here)));
        try (SparkSession spark =
                SparkSession.builder()
                        .master("local-cluster[2,1,1024]")
                        .config("spark.ui.enabled", false)
                        .config("spark.executorEnv.OMP_NUM_THREADS", "1")
                        .config("spark.executorEnv.OPT_OUT_TRACKING", "true")
                        .config("spark.executor.extraJavaOptions", "-Dai.djl.offline=true")
                        .getOrCreate()) {
            Tasks tasks = new Tasks();
            spark.sparkContext().addSparkListener(tasks);

            Path there = folder.resolve("there");
            System.out.println("there " + train(spark, fixture.tied(there)));
            System.out.println("executors " + tasks.executors.size());
            System.out.println("same " + TrainingFixture.same(here, there));

            Path disturbed = folder.resolve("disturbed");
            tasks.killAfter(TASKS / 2);
            System.out.println("disturbed " + train(spark, fixture.tied(disturbed)));
            System.out.println("removed " + tasks.removed.get());
            System.out.println("same after a kill " + TrainingFixture.same(here, disturbed));

            Path onAgain = folder.resolve("on-again");
            String[] fromHere =
                    fixture.tied(onAgain, "--resume", folder + "/here.checkpoints/step-5");
            System.out.println("goes on there " + train(spark, fromHere));
            System.out.println("same " + TrainingFixture.same(here, onAgain) + " there");
        }
        Path back = folder.resolve("back");
        String[] fromThere = fixture.tied(back, "--resume", folder + "/there.checkpoints/step-5");
        System.out.println("goes on here " + Training.run(fromThere));
        System.out.println("same " + TrainingFixture.same(here, back) + " here");
    }

    private static int train(SparkSession spark, String... options) throws IOException {
        TrainingArguments sent = TrainingArguments.of(options, Map.of());
        return Training.run(() -> SparkExchange.start(spark, sent), options);
    }

    /** Knows who computed, and kills an executor after some tasks. */
    private static final class Tasks extends SparkListener {
        private final Set<String> executors = new ConcurrentSkipListSet<>();
        private final AtomicInteger left = new AtomicInteger();
        private final AtomicInteger removed = new AtomicInteger();

        void killAfter(int tasks) {
            left.set(tasks);
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd task) {
            executors.add(task.taskInfo().executorId());
            if (left.get() > 0 && left.decrementAndGet() == 0) {
                ProcessHandle.current().children().findFirst().orElseThrow().destroyForcibly();
            }
        }

        @Override
        public void onExecutorRemoved(SparkListenerExecutorRemoved executor) {
            removed.incrementAndGet();
        }
    }
}

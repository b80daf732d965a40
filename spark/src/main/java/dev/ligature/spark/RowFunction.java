package dev.ligature.spark;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/** What Spark sends to executors for {@link LigatureTransform#register}: values alone. */
final class RowFunction implements UDF2<String, String, Object> {
    private static final long serialVersionUID = 1;

    /** What runs for tasks that have called a function and have not ended. */
    private static final Map<Key, TextBatches> RUNNING = new ConcurrentHashMap<>();

    private final Settings settings;
    private final boolean forgiving;

    private record Key(long task, Settings settings) {}

    /**
     * Creates it.
     *
     * @param forgiving whether null is the result of a row that cannot be computed
     */
    RowFunction(Settings settings, boolean forgiving) {
        this.settings = settings;
        this.forgiving = forgiving;
    }

    @Override
    public @Nullable Object call(@Nullable String adapter, @Nullable String text) throws Exception {
        if (text == null) {
            return null;
        }
        TaskContext task = TaskContext.get();
        if (task == null) { // in the driver, where Spark computes constants
            try (LoadedModels.Use use = LoadedModels.get().use(settings)) {
                return row(new TextBatches(settings, use.model(), null), adapter, text);
            }
        }
        return row(batches(task), adapter, text);
    }

    private @Nullable Object row(TextBatches batches, @Nullable String adapter, String text)
            throws Exception {
        TextBatches.Text read = batches.read(adapter, text, 0);
        batches.compute(List.of(read));
        Exception error = read.error();
        if (error != null && !forgiving) {
            throw error;
        }
        return read.result();
    }

    private TextBatches batches(TaskContext task) throws IOException {
        Key key = new Key(task.taskAttemptId(), settings);
        TextBatches known = RUNNING.get(key);
        if (known == null) { // one thread runs a task
            LoadedModels.Use use = LoadedModels.get().use(settings);
            task.addTaskCompletionListener(
                    (TaskCompletionListener)
                            ended -> {
                                RUNNING.remove(key);
                                use.close();
                            });
            known = new TextBatches(settings, use.model(), null);
            RUNNING.put(key, known);
        }
        return known;
    }
}

package dev.ligature.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/** The rows of a partition with their results, in their order; computed window by window. */
final class PartitionRows implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final Settings settings;
    private final int text;
    private final int adapter;
    private final @Nullable LigatureMetrics metrics;
    private final Queue<Row> done = new ArrayDeque<>();
    private LoadedModels.@Nullable Use use;
    private @Nullable TextBatches batches;
    private long place;

    /**
     * Creates it; loads nothing before the first row.
     *
     * @param text the index of the column with the texts
     * @param adapter the index of the column with the names of adapters, or −1
     */
    PartitionRows(
            Iterator<Row> rows,
            Settings settings,
            int text,
            int adapter,
            @Nullable LigatureMetrics metrics) {
        this.rows = rows;
        this.settings = settings;
        this.text = text;
        this.adapter = adapter;
        this.metrics = metrics;
    }

    @Override
    public boolean hasNext() {
        if (done.isEmpty() && rows.hasNext()) {
            try {
                window();
            } catch (IOException e) {
                close();
                throw new UncheckedIOException(e);
            } catch (RuntimeException | Error e) {
                close();
                throw e;
            }
        }
        if (done.isEmpty()) {
            close();
        }
        return !done.isEmpty();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return done.remove();
    }

    private void window() throws IOException {
        TextBatches computes = batches();
        List<Row> taken = new ArrayList<>();
        List<TextBatches.@Nullable Text> texts = new ArrayList<>(); // null where the text is
        List<TextBatches.Text> present = new ArrayList<>();
        while (taken.size() < settings.window() && rows.hasNext()) {
            Row row = rows.next();
            taken.add(row);
            String given = row.getString(text);
            if (given == null) {
                texts.add(null);
            } else {
                String name = adapter < 0 ? null : row.getString(adapter);
                TextBatches.Text read = computes.read(name, given, place);
                texts.add(read);
                present.add(read);
            }
            place++;
        }
        computes.compute(present);
        for (int i = 0; i < taken.size(); i++) {
            TextBatches.Text computed = texts.get(i);
            Exception error = computed == null ? null : computed.error();
            if (error != null && settings.failFast()) {
                throw failure(error);
            }
            done.add(
                    row(
                            taken.get(i),
                            computed == null ? null : computed.result(),
                            error == null ? null : String.valueOf(error.getMessage())));
        }
    }

    private static RuntimeException failure(Exception error) {
        return error instanceof RuntimeException runtime
                ? runtime
                : new UncheckedIOException((IOException) error);
    }

    private static Row row(Row given, @Nullable Object result, @Nullable String error) {
        @Nullable Object[] values = new Object[given.size() + 2];
        for (int i = 0; i < given.size(); i++) {
            values[i] = given.get(i);
        }
        values[given.size()] = result;
        values[given.size() + 1] = error;
        return RowFactory.create(values);
    }

    private TextBatches batches() throws IOException {
        TextBatches known = batches;
        if (known == null) {
            LoadedModels.Use opened = LoadedModels.get().use(settings);
            use = opened;
            TaskContext task = TaskContext.get();
            if (task != null) {
                // For a task that ends before its last row.
                task.addTaskCompletionListener((TaskCompletionListener) ended -> close());
            }
            known = new TextBatches(settings, opened.model(), metrics);
            batches = known;
        }
        return known;
    }

    private void close() {
        if (use != null) {
            use.close();
        }
    }
}

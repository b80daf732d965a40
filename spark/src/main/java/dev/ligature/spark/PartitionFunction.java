package dev.ligature.spark;

import java.util.Iterator;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/** What Spark sends to executors for {@link LigatureTransform#transform}: values alone. */
final class PartitionFunction implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1;

    private final Settings settings;
    private final int text;
    private final int adapter;
    private final @Nullable LigatureMetrics metrics;

    PartitionFunction(Settings settings, int text, int adapter, @Nullable LigatureMetrics metrics) {
        this.settings = settings;
        this.text = text;
        this.adapter = adapter;
        this.metrics = metrics;
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        return new PartitionRows(rows, settings, text, adapter, metrics);
    }
}

package dev.ligature.benchmarks.routing;

import ai.djl.ndarray.types.Shape;
import dev.ligature.Routing;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A request to one linear layer of 8 columns, where the products themselves take next to no time:
 * what is more than {@link #base} is the slot, the adapter's calls, or the routing.
 */
@SuppressWarnings("NullAway.Init") // JMH calls open before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RequestBenchmark {
    private static final int ADAPTERS = 8;
    private static final Shape BATCH = new Shape(32, 1, 8);

    private RoutedLinear linear;
    private List<String> rows;
    private int turn;

    /** Makes the model and its adapters. */
    @Setup
    public void open() {
        linear = new RoutedLinear(BATCH, ADAPTERS);
        rows = RoutedLinear.names((int) BATCH.get(0), ADAPTERS);
    }

    /** Frees them. */
    @TearDown
    public void close() {
        linear.close();
    }

    /** A request without adapter. */
    @Benchmark
    public int base() {
        return linear.forward(Routing.none());
    }

    /** A request through one adapter. */
    @Benchmark
    public int oneAdapter() {
        return linear.forward(Routing.of("a0"));
    }

    /** Requests through each adapter in turn. */
    @Benchmark
    public int alternatingAdapters() {
        turn = (turn + 1) % ADAPTERS;
        return linear.forward(Routing.of(rows.get(turn)));
    }

    /** A batch whose rows go through eight adapters, the same way each time. */
    @Benchmark
    public int mixedRows() {
        return linear.forward(Routing.rows(rows));
    }

    /** Only what comes before a batch of such rows: the routing and its route. */
    @Benchmark
    public Object routeOfMixedRows() {
        return linear.model().routed(Routing.rows(rows));
    }
}

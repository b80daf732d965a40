package dev.ligature.benchmarks.routing;

import ai.djl.ndarray.types.Shape;
import dev.ligature.Routing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A batch of 32 rows through one linear layer of 768 columns, r 8: with the factors of all rows
 * stacked, and without, adapter by adapter. Where the second overtakes the first, the rule that
 * chooses between them is wrong.
 */
@SuppressWarnings("NullAway.Init") // JMH calls open before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 5, time = 1)
public class MixedBatchBenchmark {
    private static final int ROWS = 32;
    private static final long STACKS = 256L << 20;

    /** The number of different adapters. */
    @Param({"1", "2", "4", "8", "16", "32"})
    public int adapters;

    /** The tokens of each row. */
    @Param({"1", "16"})
    public int tokens;

    /** Whether factors may be stacked. */
    @Param({"true", "false"})
    public boolean stacked;

    private RoutedLinear linear;
    private Routing routing;
    private List<String> shuffled;
    private final Random random = new Random(7);

    /** Makes the model and its adapters. */
    @Setup
    public void open() {
        linear = new RoutedLinear(new Shape(ROWS, tokens, 768), adapters);
        linear.model().setMixedBatchMemory(stacked ? STACKS : 0);
        routing = Routing.rows(RoutedLinear.names(ROWS, adapters));
        shuffled = new ArrayList<>(RoutedLinear.names(ROWS, adapters));
    }

    /** Frees them. */
    @TearDown
    public void close() {
        linear.close();
    }

    /** The layer without adapters. */
    @Benchmark
    public int base() {
        return linear.forward(Routing.none());
    }

    /** The layer with the rows' adapters. */
    @Benchmark
    public int mixed() {
        return linear.forward(routing);
    }

    /** The same with the adapters at other rows each time. */
    @Benchmark
    public int shuffled() {
        Collections.shuffle(shuffled, random);
        return linear.forward(Routing.rows(shuffled));
    }
}

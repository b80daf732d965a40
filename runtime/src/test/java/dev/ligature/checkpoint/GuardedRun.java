package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs one case after the other on a thread of its own, and ends the test where one hangs or
 * allocates out of proportion to its input. Counts how the cases ended.
 */
public final class GuardedRun implements AutoCloseable {
    private static final long SECONDS = 30;
    private static final long BYTES = 24L << 20;

    private final long bytesPerByte;
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Map<String, Integer> endings = new TreeMap<>();
    private long mostBytes;

    /**
     * @param bytesPerByte what a case may allocate for each byte of its input, garbage included
     */
    GuardedRun(long bytesPerByte) {
        this.bytesPerByte = bytesPerByte;
    }

    /** A case: reads files and returns how that ended, the code of an error or "read". */
    interface Case extends Callable<String> {}

    /**
     * Runs a case.
     *
     * @param name what is shown when it fails
     * @param inputBytes the size of what it reads
     */
    public void run(String name, long inputBytes, Case test) {
        Future<Long> result = thread.submit(() -> allocatedBy(test));
        try {
            long bytes = result.get(SECONDS, TimeUnit.SECONDS);
            mostBytes = Math.max(mostBytes, bytes);
            assertTrue(
                    bytes <= BYTES + bytesPerByte * inputBytes,
                    name + ": " + bytes + " bytes were allocated for " + inputBytes);
        } catch (TimeoutException e) {
            throw new AssertionError(name + ": no end after " + SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new AssertionError(name + ": " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private long allocatedBy(Case test) throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        endings.merge(test.call(), 1, Integer::sum);
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    /** Returns how many cases ended in which way; of meaning when all are run. */
    public Map<String, Integer> endings() {
        return endings;
    }

    /** Returns the most bytes of heap that one case allocated, garbage included. */
    public long mostBytes() {
        return mostBytes;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }

    @Override
    public String toString() {
        return endings + ", at most " + mostBytes + " bytes allocated by one";
    }
}

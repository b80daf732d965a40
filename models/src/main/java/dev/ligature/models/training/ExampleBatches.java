package dev.ligature.models.training;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataFiles;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Batches of the lines of files. The order of an epoch depends on the seed and the epoch's number
 * alone, and what a batch draws on the seed and the batch's number: a position in the data is one
 * number. A batch is always full: it takes what is missing from the next epoch.
 *
 * @param <E> an example of the task
 */
final class ExampleBatches<E> implements TrainingData {
    private static final long DRAWS = 0x9E3779B97F4A7C15L; // apart from the seeds of the orders

    private final TrainingTask<E> task;
    private final DataFiles files;
    private final int[] lines; // those of the files that are trained on
    private final int rows;
    private final long seed;
    private final BitSet seen = new BitSet();
    private final BitSet cut = new BitSet();
    private int[] order = {};
    private int next;
    private long epoch;
    private long batch;

    private ExampleBatches(
            TrainingTask<E> task, DataFiles files, int[] lines, int rows, long seed) {
        this.task = task;
        this.files = files;
        this.lines = lines;
        this.rows = rows;
        this.seed = seed;
    }

    static <E> ExampleBatches<E> of(TrainingTask<E> task, List<Path> files, int rows, long seed)
            throws IOException {
        DataFiles all = DataFiles.open(files, task.form(), task::check);
        return of(task, all, IntStream.range(0, all.count()).toArray(), rows, seed);
    }

    /** Returns batches of some of the lines of files. */
    static <E> ExampleBatches<E> of(
            TrainingTask<E> task, DataFiles files, int[] lines, int rows, long seed) {
        return new ExampleBatches<>(task, files, lines.clone(), rows, seed);
    }

    /** Returns what a batch draws from, by its number, from 1. */
    static Random random(long seed, long batch) {
        return new Random(seed ^ DRAWS * batch);
    }

    @Override
    public TrainingBatch next(NDManager manager) throws IOException {
        List<E> examples = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            if (next == order.length) {
                shuffle();
            }
            examples.add(read(order[next++]));
        }
        TrainingBatch made = task.batch(examples, random(seed, ++batch), manager);
        if (made.count() == 0) {
            // The last line stands for all: a batch of others with it is trained on.
            throw files.read(order[next - 1]).error(ModelMessage.LINES_NO_ITEM, rows, items());
        }
        return made;
    }

    @Override
    public void seek(long batch) {
        this.batch = batch;
        long taken = batch * rows;
        epoch = taken / lines.length;
        order = new int[0];
        next = 0;
        int begun = (int) (taken % lines.length);
        if (begun > 0) { // else the next batch begins with an order of its own
            shuffle();
            next = begun;
        }
    }

    @Override
    public long batches(double epochs) {
        return (long) Math.ceil(epochs * lines.length / rows);
    }

    @Override
    public String items() {
        return task.items();
    }

    private E read(int index) throws IOException {
        long before = task.cut();
        E example = task.read(files.read(index));
        seen.set(index);
        cut.set(index, task.cut() > before);
        return example;
    }

    private void shuffle() {
        Random random = new Random(seed + 31 * epoch++);
        order = new int[lines.length];
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = lines[i];
        }
        next = 0;
    }

    @Override
    public Map<String, Long> counts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("lines", (long) lines.length);
        counts.put("lines read", (long) seen.cardinality());
        counts.put("lines that were cut", (long) cut.cardinality());
        return counts;
    }

    /** Returns how many of the lines were too long, and how they were understood. */
    @Override
    public String report() {
        String tooLong =
                cut.cardinality()
                        + " of "
                        + seen.cardinality()
                        + " lines were too long, and have been cut";
        return Stream.of(cut.isEmpty() ? "" : tooLong, task.note())
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("; "));
    }

    @Override
    public void close() throws IOException {
        files.close();
    }
}

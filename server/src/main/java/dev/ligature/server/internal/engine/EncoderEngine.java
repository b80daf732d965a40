package dev.ligature.server.internal.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.Routing;
import dev.ligature.models.text.TokenizedText;
import dev.ligature.server.internal.admission.Admissions;
import dev.ligature.server.internal.admission.Candidate;
import dev.ligature.server.internal.admission.LackOfMemory;
import dev.ligature.server.internal.admission.Leasing;
import dev.ligature.server.internal.admission.ModelLeases;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.engine.EncoderJob.Row;
import dev.ligature.server.internal.metrics.ServerMetrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that computes the numbers of texts, a batch at a time. A batch has texts of all
 * requests that have a place, one after the other from each, so that a request of many texts does
 * not hold up the others.
 */
public final class EncoderEngine implements Engine {
    private static final Logger LOG = LoggerFactory.getLogger(EncoderEngine.class);
    private static final int PADDING = 2; // the longest of a batch is at most so many times as long

    /** Pairs of tokens in a pass: sixteen texts of 512. Each takes 8 bytes for each head. */
    private static final long PAIRS = 1L << 22;

    private final Computation model;
    private final int places;
    private final Admissions<EncoderJob> admissions;
    private final ServerMetrics metrics;
    private final LackOfMemory memory;
    private final NDManager manager = NDManager.newBaseManager();
    private final Thread thread = new Thread(this::run, "encoder");
    private final List<EncoderJob> running = new ArrayList<>(); // of the thread alone
    private final List<EncoderJob> joining = new ArrayList<>(); // of the thread alone
    private volatile int rows;

    /** Computes the numbers of texts, fp32 {@code (B, d)}: {@code EncoderModel.compute}. */
    public interface Computation {
        NDArray compute(List<TokenizedText> texts, Routing adapters, NDManager manager);
    }

    /**
     * Creates an engine, to be started.
     *
     * @param model computes
     * @param places the most texts of a batch, and requests that are under way at once
     * @param models gives the adapters
     * @param leasing leases adapters
     * @param metrics where batches and tokens are counted
     * @param memory is told what ends the thread
     */
    public EncoderEngine(
            Computation model,
            int places,
            ModelLeases models,
            Leasing leasing,
            ServerMetrics metrics,
            LackOfMemory memory) {
        this.model = model;
        this.places = places;
        this.metrics = metrics;
        this.memory = memory;
        this.admissions = new Admissions<>(places, models, leasing, metrics, memory);
        thread.setDaemon(true);
    }

    @Override
    public void start() {
        thread.start();
    }

    /**
     * Takes a request on.
     *
     * @throws ApiException if the engine is about to stop
     */
    public void submit(Candidate<EncoderJob> candidate) {
        admissions.add(List.of(candidate));
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int waiting() {
        return admissions.waiting();
    }

    @Override
    public boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public void stop(long seconds) throws InterruptedException {
        admissions.drain();
        TimeUnit.SECONDS.timedJoin(thread, Math.max(1, seconds));
        admissions.close();
        thread.join();
    }

    private void run() {
        try {
            while (admissions.await(running, joining)) {
                for (EncoderJob job : joining) {
                    job.joined();
                    metrics.prompt(job.usage().promptTokens());
                }
                running.addAll(joining);
                joining.clear();
                dropUnwanted();
                List<Row> batch = nextRows();
                rows = batch.size();
                groups(batch, row -> row.text().length()).forEach(this::compute);
                rows = 0;
                complete();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            memory.note(e);
            LOG.error("The engine has ended", e);
        } finally {
            endAll();
        }
    }

    /** Returns the texts of a batch: in turns one of each request. */
    private List<Row> nextRows() {
        List<Row> batch = new ArrayList<>();
        boolean more = true;
        while (more && batch.size() < places) {
            more = false;
            for (EncoderJob job : running) {
                if (job.hasNext() && batch.size() < places) {
                    batch.add(job.next());
                    more = true;
                }
            }
        }
        return batch;
    }

    /**
     * Parts a batch by length, because short texts would be padded to the longest one, and because
     * attention takes memory for each pair of tokens of a text.
     */
    static <T> List<List<T>> groups(List<T> batch, ToIntFunction<T> length) {
        List<T> sorted = new ArrayList<>(batch);
        sorted.sort(Comparator.comparingInt(length));
        List<List<T>> groups = new ArrayList<>();
        int shortest = 0;
        for (T row : sorted) {
            int longest = length.applyAsInt(row); // of its group, as it comes last
            if (groups.isEmpty()
                    || longest > PADDING * shortest
                    || (groups.get(groups.size() - 1).size() + 1L) * longest * longest > PAIRS) {
                groups.add(new ArrayList<>());
                shortest = longest;
            }
            groups.get(groups.size() - 1).add(row);
        }
        return groups;
    }

    /** Computes texts together, and one by one if that fails, so that one fails for itself. */
    private void compute(List<Row> group) {
        try (NDManager scope = manager.newSubManager()) {
            metrics.step(group.size());
            List<TokenizedText> texts = group.stream().map(Row::text).toList();
            List<String> adapters = group.stream().map(Row::adapter).toList();
            float[] all = model.compute(texts, Routing.rows(adapters), scope).toFloatArray();
            int size = all.length / group.size();
            for (int row = 0; row < group.size(); row++) {
                take(group.get(row), Arrays.copyOfRange(all, row * size, (row + 1) * size));
            }
        } catch (RuntimeException e) {
            if (group.size() > 1) {
                group.forEach(row -> compute(List.of(row)));
            } else {
                LOG.error("A text could not be computed", e);
                group.forEach(row -> row.job().fail(Refusals.internal()));
            }
        }
    }

    private static void take(Row row, float[] numbers) {
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                LOG.warn("Adapter {} makes numbers that are not finite", row.adapter());
                row.job().fail(notFinite());
                return;
            }
        }
        row.take(numbers);
    }

    private static ApiException notFinite() {
        return ApiException.of(
                500,
                "result_not_finite",
                "What the model computes for a text is NaN or infinite. The server's log names the"
                        + " adapter, whose weights are the likely reason.");
    }

    /** Ends those that nobody listens to, and those whose time is over. */
    private void dropUnwanted() {
        for (EncoderJob job : running) {
            if (job.isCancelled()) {
                metrics.aborted();
                job.fail(Refusals.gone());
            } else if (job.isLate()) {
                job.fail(Refusals.late());
            }
        }
        complete();
    }

    private void complete() {
        for (Iterator<EncoderJob> each = running.iterator(); each.hasNext(); ) {
            EncoderJob job = each.next();
            if (job.isDone()) {
                each.remove();
                job.complete();
                admissions.released();
            }
        }
    }

    private void endAll() {
        admissions.close();
        running.addAll(joining);
        running.forEach(job -> job.fail(Refusals.stopping()));
        rows = 0;
        manager.close();
        admissions.end();
    }
}

package dev.ligature.server.internal.engine;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.CacheStatistics;
import dev.ligature.models.generation.RowRouter;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.TextsFailedException;
import dev.ligature.server.internal.admission.Admissions;
import dev.ligature.server.internal.admission.Candidate;
import dev.ligature.server.internal.admission.LackOfMemory;
import dev.ligature.server.internal.admission.Leasing;
import dev.ligature.server.internal.admission.ModelLeases;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.metrics.ServerMetrics;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that makes a token for every running completion, again and again. Completions join
 * between two tokens, as soon as there is a place and their adapter is leased, and leave when they
 * end or nobody listens. Adapters are leased by other threads.
 */
public final class BatchEngine implements Engine {
    private static final Logger LOG = LoggerFactory.getLogger(BatchEngine.class);

    private final RowRouter router;
    private final DecoderShape shape;
    private final BatchOptions options;
    private final Admissions<Generation> admissions;
    private final ServerMetrics metrics;
    private final LackOfMemory memory;
    private final NDManager manager = NDManager.newBaseManager();
    private final Thread thread = new Thread(this::run, "batch");
    private final List<Generation> running = new ArrayList<>(); // of the thread alone
    private final List<Generation> joining = new ArrayList<>(); // of the thread alone
    private RunningBatch batch;

    private volatile int rows;
    private volatile CacheStatistics cache = CacheStatistics.NONE;

    /**
     * Creates an engine, to be started.
     *
     * @param router gives the blocks that rows go through
     * @param shape the model's sizes
     * @param options how the batch reads prompts, and what it keeps
     * @param places the most completions that are made at once
     * @param models gives the adapters
     * @param leasing leases adapters
     * @param metrics where steps and tokens are counted
     * @param memory is told what ends the thread
     */
    public BatchEngine(
            RowRouter router,
            DecoderShape shape,
            BatchOptions options,
            int places,
            ModelLeases models,
            Leasing leasing,
            ServerMetrics metrics,
            LackOfMemory memory) {
        this.memory = memory;
        this.router = router;
        this.shape = shape;
        this.options = options;
        this.admissions = new Admissions<>(places, models, leasing, metrics, memory);
        this.metrics = metrics;
        this.batch = newBatch();
        this.cache = batch.statistics();
        thread.setDaemon(true);
    }

    private RunningBatch newBatch() {
        return new RunningBatch(router, shape, manager, options);
    }

    @Override
    public void start() {
        thread.start();
    }

    /**
     * Takes the completions of a request on.
     *
     * @throws ApiException if the engine is about to stop
     */
    public void submit(List<Candidate<Generation>> candidates) {
        admissions.add(candidates);
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public CacheStatistics cache() {
        return cache;
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
                round();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            memory.note(e);
            LOG.error("The batch has ended", e);
        } finally {
            endAll();
        }
    }

    /** Reads at most one piece of the prompts, and makes a token of each text that grows. */
    private void round() {
        dropUnwanted(joining.iterator());
        begin(joining);
        joining.clear();
        dropUnwanted(running.iterator());
        try {
            read();
            complete(); // where one token is all
            note();
            if (batch.growing() > 0) {
                metrics.step(batch.growing());
                batch.grow();
            }
        } catch (RuntimeException e) {
            LOG.error("A step failed", e);
            running.forEach(generation -> fail(generation, Refusals.internal()));
            running.clear();
            batch.close();
            batch = newBatch();
        }
        complete();
        note();
    }

    private void note() {
        rows = batch.size();
        cache = batch.statistics();
    }

    /** Lets completions in, together if that is possible, so that one cannot fail the others. */
    private void begin(List<Generation> newcomers) {
        try {
            batch.add(newcomers.stream().map(Generation::row).toList());
        } catch (RuntimeException e) {
            if (newcomers.size() > 1) {
                newcomers.forEach(newcomer -> begin(List.of(newcomer)));
            } else {
                LOG.error("A completion could not begin", e);
                newcomers.forEach(newcomer -> fail(newcomer, Refusals.internal()));
            }
            return;
        }
        for (Generation newcomer : newcomers) {
            newcomer.joined();
            metrics.prompt(newcomer.usage().promptTokens());
        }
        running.addAll(newcomers);
    }

    private void read() {
        try {
            batch.read();
        } catch (TextsFailedException e) {
            LOG.error("A completion could not begin", e.reason());
            for (Iterator<Generation> each = running.iterator(); each.hasNext(); ) {
                Generation generation = each.next();
                if (e.texts().contains(generation.row())) {
                    each.remove();
                    fail(generation, Refusals.internal());
                }
            }
        }
    }

    /** Ends those that nobody listens to, and those whose time is over. */
    private void dropUnwanted(Iterator<Generation> generations) {
        while (generations.hasNext()) {
            Generation generation = generations.next();
            if (generation.isCancelled()) {
                metrics.aborted();
                drop(generations, generation, Refusals.gone());
            } else if (generation.isLate()) {
                drop(generations, generation, Refusals.late());
            }
        }
    }

    private void drop(Iterator<Generation> at, Generation generation, ApiException error) {
        at.remove();
        batch.leave(generation.row());
        fail(generation, error);
    }

    private void fail(Generation generation, ApiException error) {
        metrics.ended(generation.usage().newTokens());
        generation.fail(error);
        admissions.released();
    }

    private void complete() {
        for (Iterator<Generation> each = running.iterator(); each.hasNext(); ) {
            Generation generation = each.next();
            if (generation.isDone()) {
                each.remove();
                batch.leave(generation.row()); // where a stop text ended it
                metrics.ended(generation.usage().newTokens());
                generation.complete();
                admissions.released();
            }
        }
    }

    private void endAll() {
        admissions.close();
        List<Generation> begun = new ArrayList<>(running);
        begun.addAll(joining);
        running.clear();
        rows = 0;
        batch.close();
        cache = CacheStatistics.NONE;
        manager.close();
        begun.forEach(generation -> fail(generation, Refusals.stopping()));
        admissions.end();
    }
}

package dev.ligature.server.internal.intake;

import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.engine.RequestClock;
import dev.ligature.server.internal.engine.RequestPart;
import dev.ligature.server.internal.http.AnswerRoom;
import dev.ligature.server.internal.http.AnswerWriter;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.metrics.ServerMetrics;
import io.vertx.core.Context;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The places of a request on its way to what computes it, one for each part of it. */
public final class Place implements AnswerPath {
    private static final long READ_MILLIS = 1000; // for an answer that is there at the last moment

    private final Context loop;
    private final Call call;
    private final long arrived = System.nanoTime();
    private final long deadline;
    private final ServerMetrics metrics;
    private final AtomicInteger held = new AtomicInteger(1);
    private final AtomicInteger taken;
    private final AnswerRoom answers;
    private final Queue<RequestPart> parts = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean gone = new AtomicBoolean();
    private final AtomicReference<@Nullable Runnable> room = new AtomicReference<>();
    private final AtomicInteger keepers = new AtomicInteger(1); // of the room: this, and an answer
    private volatile @Nullable String model;

    /**
     * Creates the first place.
     *
     * @param loop the event loop of the response
     * @param call the request
     * @param limit how long it may take
     * @param taken what all requests together have, this place included
     * @param answers the memory for them
     * @param metrics take what it has used
     */
    Place(
            Context loop,
            Call call,
            Duration limit,
            AtomicInteger taken,
            AnswerRoom answers,
            ServerMetrics metrics) {
        this.answers = answers;
        this.loop = loop;
        this.call = call;
        this.deadline = arrived + limit.toNanos();
        this.taken = taken;
        this.metrics = metrics;
    }

    public Call call() {
        return call;
    }

    /** Returns when the answer must be there, in {@link System#nanoTime}. */
    public long deadline() {
        return deadline;
    }

    /** Returns what measures a part of it. */
    public RequestClock clock() {
        return new RequestClock(arrived, deadline, metrics);
    }

    /** Notes the model, which there is, and which its key may use. */
    public void admit(String name) {
        model = name;
    }

    public HttpServerResponse response() {
        return call.request().response();
    }

    @Override
    public AnswerWriter writer() {
        AnswerWriter writer =
                new AnswerWriter(
                        response(),
                        answers,
                        () -> call.request().connection().close(),
                        this::limit);
        writer.done().onFailure(gone -> abandon());
        return writer;
    }

    /** Cuts off a client that does not read its answer until the deadline. */
    private void limit(AnswerWriter answer) {
        long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        long timer = loop.owner().setTimer(Math.max(READ_MILLIS, millis), id -> answer.cutOff());
        answer.done().onComplete(written -> loop.owner().cancelTimer(timer));
    }

    @Override
    public void onLoop(Runnable task) {
        loop.runOnContext(v -> task.run());
    }

    /**
     * Takes further places.
     *
     * @param more how many
     * @param most that all requests together may have
     * @return false if there are not so many left, and nothing was taken
     */
    boolean take(int more, int most) {
        if (taken.addAndGet(more) > most) {
            taken.addAndGet(-more);
            return false;
        }
        held.addAndGet(more);
        return true;
    }

    /**
     * Notes what is to be given back when the request has ended and its answer is written.
     *
     * @param givesBack runs once, also if that is so
     */
    void holds(Runnable givesBack) {
        room.set(givesBack);
        if (keepers.get() == 0) {
            giveBack();
        }
    }

    private void release() {
        if (keepers.decrementAndGet() == 0) {
            giveBack();
        }
    }

    private void giveBack() {
        Runnable held = room.getAndSet(null);
        if (held != null) {
            held.run();
        }
    }

    /** Counts what it has used for its key; done before its client can know that it has ended. */
    Usage settle() {
        Usage used = Usage.NONE;
        for (RequestPart part : parts) {
            used = used.plus(part.usage());
        }
        call.used(used.promptTokens(), used.newTokens());
        return used;
    }

    @Override
    public void end(int status, AnswerWriter answer) {
        keepers.incrementAndGet();
        answer.done().onComplete(written -> release());
        end(status);
    }

    /** Gives all back, and ends what is still made; the status is known by now. */
    public void end(int status) {
        int places = held.getAndSet(0);
        taken.addAndGet(-places);
        parts.forEach(RequestPart::cancel);
        Usage used = settle();
        String name = model;
        if (places > 0 && name != null) {
            metrics.request(
                    name,
                    call.key(),
                    used.promptTokens(),
                    used.newTokens(),
                    Duration.ofNanos(System.nanoTime() - arrived));
        }
        call.end(status);
        if (places > 0) {
            release();
        }
    }

    /** Returns whether the places were given back. */
    boolean isEnded() {
        return held.get() == 0;
    }

    /** Returns whether its client has gone away. */
    boolean isGone() {
        return gone.get();
    }

    /** Returns whether nobody waits for it any more, or a part of it has failed. */
    public boolean isOver() {
        return gone.get() || isEnded();
    }

    /** Ends work for a client that has gone away, or whose time is over. */
    public void check() {
        if (gone.get()) {
            throw Refusals.gone();
        }
        if (System.nanoTime() - deadline > 0) {
            throw Refusals.late();
        }
    }

    /** Cancels; whichever comes last of this and {@link #fill} sees the other. */
    void abandon() {
        gone.set(true);
        parts.forEach(RequestPart::cancel);
    }

    /** Adds a part that has begun. */
    public void fill(RequestPart begun) {
        parts.add(begun);
        if (isOver()) {
            begun.cancel();
        }
    }
}

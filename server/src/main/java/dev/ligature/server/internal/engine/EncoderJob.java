package dev.ligature.server.internal.engine;

import dev.ligature.models.text.TokenizedText;
import dev.ligature.server.internal.admission.Admitted;
import dev.ligature.server.internal.admission.ModelLease;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Usage;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The texts of one request of which numbers are computed, and the hold on its adapter. It ends
 * once, whatever the reason, and gives its hold back then.
 */
public final class EncoderJob implements Admitted, RequestPart {
    private final List<TokenizedText> texts;
    private final ModelLease hold;
    private final RequestClock clock;
    private final Consumer<float[][]> done;
    private final Consumer<ApiException> failed;
    private final float[][] numbers;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile boolean cancelled;
    private int next; // of the engine's thread alone
    private int made; // of the engine's thread alone

    /**
     * A text of a job.
     *
     * @param index its place in the request
     */
    record Row(EncoderJob job, int index) {
        TokenizedText text() {
            return job.texts.get(index);
        }

        String adapter() {
            return job.hold.adapter();
        }

        void take(float[] result) {
            job.numbers[index] = result;
            job.made++;
        }
    }

    /**
     * Creates a job.
     *
     * @param texts the texts, one at least
     * @param hold on the adapter; closed with the end
     * @param clock tells when it must have ended, and measures it
     * @param done takes the numbers of each text
     * @param failed takes an error
     */
    public EncoderJob(
            List<TokenizedText> texts,
            ModelLease hold,
            RequestClock clock,
            Consumer<float[][]> done,
            Consumer<ApiException> failed) {
        this.texts = texts;
        this.hold = hold;
        this.clock = clock;
        this.done = done;
        this.failed = failed;
        this.numbers = new float[texts.size()][];
    }

    @Override
    public boolean holdsAdapter() {
        return hold.lease() != null;
    }

    @Override
    public void cancel() {
        cancelled = true;
    }

    boolean isCancelled() {
        return cancelled;
    }

    boolean isLate() {
        return clock.isLate();
    }

    /** Returns whether it has ended, or all of its texts have their numbers. */
    boolean isDone() {
        return over.get() || made == texts.size();
    }

    /** Notes that its texts are computed from now on. */
    void joined() {
        clock.joined();
    }

    boolean hasNext() {
        return next < texts.size();
    }

    /** Returns the next text to be computed. */
    Row next() {
        return new Row(this, next++);
    }

    /** Hands the numbers over. */
    void complete() {
        if (over.compareAndSet(false, true)) {
            hold.close();
            done.accept(numbers);
        }
    }

    @Override
    public void fail(ApiException error) {
        if (over.compareAndSet(false, true)) {
            hold.close();
            failed.accept(error);
        }
    }

    @Override
    public Usage usage() {
        return new Usage(texts.stream().mapToInt(TokenizedText::length).sum(), 0);
    }
}

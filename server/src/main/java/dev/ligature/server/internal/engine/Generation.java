package dev.ligature.server.internal.engine;

import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextRow;
import dev.ligature.models.generation.TokenScore;
import dev.ligature.models.text.StopText;
import dev.ligature.models.text.TextStream;
import dev.ligature.server.internal.admission.Admitted;
import dev.ligature.server.internal.admission.ModelLease;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Finish;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.answer.TokenLogprob;
import dev.ligature.server.internal.answer.Usage;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One completion on its way: the text that grows, the hold on its adapter, and where it goes. It
 * ends once, whatever the reason, and gives its hold back then.
 */
public final class Generation implements Admitted, RequestPart {
    private static final Logger LOG = LoggerFactory.getLogger(Generation.class);

    private final ModelLease hold;
    private final CompletionSink sink;
    private final TextStream stream;
    private final StopText stops;
    private final TextRow row;
    private final RequestClock clock;
    private final Wording wording;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile boolean cancelled;
    private boolean broken; // of the batch's thread alone
    private boolean echoed; // of the batch's thread alone
    private int told; // the tokens whose scores were given on; of the batch's thread alone

    /**
     * Creates a completion.
     *
     * @param prompt the token ids
     * @param options how to go on
     * @param hold on the adapter; closed with the end
     * @param stream makes text of tokens
     * @param stops finds the texts that end it
     * @param sink where it goes
     * @param clock tells when it must have ended, and measures it
     * @param wording what is said besides its text
     */
    public Generation(
            long[] prompt,
            GenerationOptions options,
            ModelLease hold,
            TextStream stream,
            StopText stops,
            CompletionSink sink,
            RequestClock clock,
            Wording wording) {
        this.wording = wording;
        this.hold = hold;
        this.sink = sink;
        this.stream = stream;
        this.stops = stops;
        this.clock = clock;
        this.row = new TextRow(prompt, hold.adapter(), options, this::token);
    }

    @Override
    public boolean holdsAdapter() {
        return hold.lease() != null;
    }

    /** Notes that it has joined the batch. */
    void joined() {
        clock.joined();
    }

    TextRow row() {
        return row;
    }

    /** Asks the batch to drop it, because nobody listens any more. */
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

    /** Returns whether nothing more is to be made. */
    boolean isDone() {
        return broken || row.isDone() || stops.isStopped();
    }

    /** Takes a token; what fails here must not reach the batch, which has other rows. */
    private void token(long id) {
        clock.token();
        try {
            give(stops.add(stream.add(id)));
        } catch (RuntimeException e) {
            LOG.error("Tokens of a completion are no text", e);
            broken = true;
        }
    }

    private void give(String piece) {
        echo();
        if (!piece.isEmpty()) {
            sink.text(piece, fresh());
        }
    }

    private void echo() {
        if (!echoed && wording.echo() != null) {
            sink.echo(wording.echo(), TokenLogprob.of(row.promptScores(), wording.spelling()));
        }
        echoed = true;
    }

    private List<TokenLogprob> fresh() {
        List<TokenScore> scores = row.scores();
        List<TokenLogprob> fresh =
                TokenLogprob.of(scores.subList(told, scores.size()), wording.spelling());
        told = scores.size();
        return fresh;
    }

    /** Ends it as it should end. */
    void complete() {
        if (row.failure().isPresent()) {
            LOG.warn("A completion has failed: {}", row.failure().orElseThrow().getMessage());
            fail(notFinite());
        } else if (broken) {
            fail(Refusals.internal());
        } else if (over.compareAndSet(false, true)) {
            give(stops.add(stream.finish()));
            give(stops.finish());
            List<TokenLogprob> left = fresh(); // of tokens without text
            if (!left.isEmpty()) {
                sink.text("", left);
            }
            hold.close();
            boolean stopped = row.isStopped() || stops.isStopped();
            sink.end(stopped ? Finish.STOP : Finish.LENGTH, usage());
        }
    }

    private static ApiException notFinite() {
        return ApiException.of(
                500,
                "logits_not_finite",
                "What the model computes for this text is NaN or infinite, so that no token can be"
                        + " chosen. The server's log names the adapter, whose weights are the likely"
                        + " reason.");
    }

    @Override
    public void fail(ApiException error) {
        if (over.compareAndSet(false, true)) {
            hold.close();
            sink.fail(error);
        }
    }

    @Override
    public Usage usage() {
        return new Usage(row.prompt().length, (int) row.keptTokens(), row.tokens().length);
    }
}

package dev.ligature.langchain4j;

import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextRow;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A text that a {@link GenerationLoop} makes, and how the thread that waits for it gets its tokens.
 */
final class Growth {
    private final TextRow row;
    private final BlockingQueue<News> news = new LinkedBlockingQueue<>();
    private final Runnable release;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile boolean unwanted;

    /** What the loop says of the text. */
    sealed interface News {}

    /** The text goes on. */
    record Token(long id) implements News {}

    /** The text has ended. */
    record End(boolean stopped) implements News {}

    /** There will be no more of the text. */
    record Failed(Throwable error) implements News {}

    /**
     * Creates a text without new tokens.
     *
     * @param prompt the token ids
     * @param adapter the adapter's name on the model
     * @param options how to go on
     * @param release run once, when the text is out of the batch
     */
    Growth(long[] prompt, String adapter, GenerationOptions options, Runnable release) {
        this.row = new TextRow(prompt, adapter, options, id -> news.add(new Token(id)));
        this.release = release;
    }

    TextRow row() {
        return row;
    }

    /** Waits for what comes next. */
    News next() throws InterruptedException {
        return news.take();
    }

    /** Tells the loop that nobody waits any more. */
    void cancel() {
        unwanted = true;
    }

    boolean isUnwanted() {
        return unwanted;
    }

    /** Ends the text, which is out of the batch by now. */
    void end() {
        if (row.failure().isPresent()) {
            fail(row.failure().get());
        } else {
            finish(new End(row.isStopped()));
        }
    }

    /** Ends the text, which is out of the batch by now, with an error. */
    void fail(Throwable error) {
        finish(new Failed(error));
    }

    private void finish(News last) {
        if (over.compareAndSet(false, true)) {
            release.run();
            news.add(last);
        }
    }
}

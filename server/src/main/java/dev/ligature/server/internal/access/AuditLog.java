package dev.ligature.server.internal.access;

import com.google.gson.stream.JsonWriter;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Appends a line of JSON for each request to a file, from a thread of its own. */
public final class AuditLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
    private static final int SECONDS_TO_CLOSE = 5;

    private final BufferedWriter writer;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(
                    task -> {
                        Thread made = new Thread(task, "audit-log");
                        made.setDaemon(true);
                        return made;
                    });
    private boolean failed; // of the thread alone

    private AuditLog(BufferedWriter writer) {
        this.writer = writer;
    }

    /** Opens a file, which is made if it does not exist. */
    public static AuditLog open(Path file) throws IOException {
        return new AuditLog(
                Files.newBufferedWriter(
                        file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    }

    /**
     * A request that has ended.
     *
     * @param time when it came
     * @param key the name of its key; null without one
     * @param method the method
     * @param path the path
     * @param model the model that it names; null if it got no further
     * @param promptTokens the tokens of its prompt
     * @param newTokens the tokens that were made
     * @param status the status of its answer
     * @param millis how long it took
     */
    public record Line(
            Instant time,
            @Nullable String key,
            String method,
            String path,
            @Nullable String model,
            long promptTokens,
            long newTokens,
            int status,
            long millis) {
        String text() {
            StringWriter text = new StringWriter();
            try (JsonWriter json = new JsonWriter(text)) {
                json.beginObject();
                json.name("time").value(time.toString());
                json.name("key").value(key);
                json.name("method").value(method);
                json.name("path").value(path);
                json.name("model").value(model);
                json.name("prompt_tokens").value(promptTokens);
                json.name("completion_tokens").value(newTokens);
                json.name("status").value(status);
                json.name("milliseconds").value(millis);
                json.endObject();
            } catch (IOException e) {
                throw new IllegalStateException(e); // a string is written to
            }
            return text.toString();
        }
    }

    /** Appends a line, soon. */
    public void add(Line line) {
        thread.execute(() -> write(line));
    }

    private void write(Line line) {
        try {
            writer.write(line.text());
            writer.write('\n');
            writer.flush();
            failed = false;
        } catch (IOException e) {
            if (!failed) {
                LOG.error("The audit log cannot be written", e);
            }
            failed = true;
        }
    }

    /** Writes what is left, and closes the file. */
    @Override
    public void close() throws IOException {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(SECONDS_TO_CLOSE, TimeUnit.SECONDS)) {
                LOG.error("The end of the audit log was not written in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        writer.close();
    }
}

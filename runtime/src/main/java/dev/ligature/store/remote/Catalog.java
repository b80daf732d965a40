package dev.ligature.store.remote;

import dev.ligature.internal.files.Interruption;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the remote side has said of its adapters. An answer that is old is asked for again, for
 * which nobody waits long who can do with the old one: a side that hangs holds up only those who
 * name an adapter of which nothing is known. Thread-safe.
 */
final class Catalog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Catalog.class);
    private static final int MOST_KNOWN = 20_000;
    private static final String INDEX = "/index"; // no name of an adapter

    private final RemoteAdapters remote;
    private final CopyFolder copies;
    private final long recheckNanos;
    private final LongSupplier nanoTime;
    private final Patience patience;
    private final Questions questions;
    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private volatile @Nullable Index index;

    /**
     * How long an answer is waited for.
     *
     * @param known where there is an older one, or no need to know
     * @param unknown where there is none
     * @param quiet after how long without any answer nobody waits
     */
    record Patience(Duration known, Duration unknown, Duration quiet) {
        static final Patience DEFAULT =
                new Patience(Duration.ofMillis(300), Duration.ofSeconds(30), Duration.ofSeconds(2));
    }

    /**
     * What was said of an adapter: its manifest, that there is none, or an error.
     *
     * @param isDoubted whether it may have changed, so that another answer is worth a wait
     */
    private record Known(
            @Nullable AdapterManifest manifest,
            @Nullable Throwable error,
            long nanos,
            boolean isDoubted) {}

    /** The names, or the error of a side that has never told them. */
    private record Index(Set<String> names, @Nullable Throwable error, long nanos) {}

    Catalog(
            RemoteAdapters remote,
            CopyFolder copies,
            Duration recheck,
            LongSupplier nanoTime,
            Patience patience) {
        this.remote = remote;
        this.copies = copies;
        this.recheckNanos = recheck.toNanos();
        this.nanoTime = nanoTime;
        this.patience = patience;
        this.questions = new Questions(patience.unknown());
    }

    boolean isFresh(long nanos) {
        return nanoTime.getAsLong() - nanos < recheckNanos;
    }

    /**
     * Returns the manifest of an adapter, the last one where there is no answer; empty if there is
     * no such adapter, also by a list of names if nothing else is said of it.
     *
     * @throws IOException if that cannot be told
     */
    Optional<AdapterManifest> manifest(String name) throws IOException {
        Known said = said(name, patience.unknown());
        if (said.error() != null && !isUnlisted(name)) {
            throw SharedCalls.rethrown(said.error());
        }
        return Optional.ofNullable(said.manifest());
    }

    /** Returns whether there is an adapter; empty if that takes longer to find out. */
    Optional<Boolean> knows(String name) throws IOException {
        Known said = said(name, patience.known());
        if (said.error() == null) {
            return Optional.of(said.manifest() != null);
        }
        boolean mayCome = said.isDoubted() && !questions.areUnanswered(patience.quiet());
        return mayCome || !isUnlisted(name) ? Optional.empty() : Optional.of(false);
    }

    /** A list without a name says something, and one without any names nothing. */
    private boolean isUnlisted(String name) {
        Index last = index;
        return last != null && !last.names().isEmpty() && !last.names().contains(name);
    }

    private Known said(String name, Duration first) throws IOException {
        Known last = known.get(name);
        if (last == null) {
            last = ofCopy(name);
        }
        if (last != null && isFresh(last.nanos()) && !last.isDoubted()) {
            return last;
        }
        copies.checkOpen();
        boolean canDo = last != null && last.error() == null && !last.isDoubted();
        boolean isOver = await(questions.ask(name, () -> ask(name)), canDo, first);
        Known now = known.get(name);
        return now != null && (isOver || now.error() == null)
                ? now
                : new Known(null, unanswered(remote + "/" + name), nanoTime.getAsLong(), true);
    }

    /** Returns what a copy of the last process says; the remote side may say something newer. */
    private @Nullable Known ofCopy(String name) {
        AdapterManifest manifest = copies.newest(name).orElse(null);
        if (manifest == null) {
            return null;
        }
        Known old = new Known(manifest, null, nanoTime.getAsLong() - recheckNanos, false);
        Known other = known.putIfAbsent(name, old);
        return other == null ? old : other;
    }

    /** Waits for an answer as long as that makes sense; returns whether the question has ended. */
    private boolean await(Questions.Question question, boolean canDo, Duration first)
            throws IOException {
        boolean isVain = questions.areUnanswered(canDo ? patience.known() : patience.quiet());
        Duration most = canDo ? patience.known() : first;
        return question.await(isVain ? Duration.ZERO : most);
    }

    private static IOException unanswered(String what) {
        return RemoteMessage.UNREACHABLE.fileError(what, "there is no answer yet");
    }

    /** Asks for a manifest; in a thread of the questions. */
    private void ask(String name) {
        Known now;
        try {
            AdapterManifest manifest = remote.manifest(name).orElse(null);
            now = new Known(manifest, null, nanoTime.getAsLong(), false);
        } catch (IOException | RuntimeException | Error e) {
            if (Interruption.is(e)) {
                return; // its time is over
            }
            now = withoutAnswer(name, known.get(name), e);
        }
        if (known.size() >= MOST_KNOWN) {
            known.values().removeIf(each -> each.manifest() == null);
        }
        known.put(name, now);
    }

    private Known withoutAnswer(String name, @Nullable Known last, Throwable e) {
        AdapterManifest manifest = last == null ? null : last.manifest();
        if (manifest != null) {
            LOG.warn(
                    "{} does not tell whether adapter {} has changed: {}",
                    remote,
                    name,
                    e.getMessage());
        }
        return new Known(manifest, manifest == null ? e : null, nanoTime.getAsLong(), false);
    }

    /** Notes that what was said of an adapter may be wrong by now. */
    void doubt(String name) {
        known.computeIfPresent(
                name, (n, last) -> new Known(last.manifest(), last.error(), last.nanos(), true));
    }

    /**
     * Returns the names, the last ones where there is no answer.
     *
     * @throws IOException if none are known
     */
    Set<String> names() throws IOException {
        return names(patience.unknown());
    }

    /**
     * Returns the names that are known at once.
     *
     * @throws IOException if there are none
     */
    Set<String> knownNames() throws IOException {
        return names(patience.known());
    }

    private Set<String> names(Duration first) throws IOException {
        Index last = index;
        if (last == null || !isFresh(last.nanos())) {
            copies.checkOpen();
            boolean canDo = last != null && last.error() == null;
            await(questions.ask(INDEX, this::askForIndex), canDo, first);
            last = index;
        }
        Throwable error = last == null ? unanswered(remote.toString()) : last.error();
        if (last != null && error == null) {
            return last.names();
        }
        Set<String> found = withoutIndex();
        if (found.isEmpty()) {
            throw SharedCalls.rethrown(error);
        }
        return found;
    }

    /** Returns the names of the copies, and of what was asked for. */
    private Set<String> withoutIndex() {
        Set<String> names = new TreeSet<>(copies.names());
        known.forEach(
                (name, said) -> {
                    if (said.manifest() != null) {
                        names.add(name);
                    }
                });
        return names;
    }

    private void askForIndex() {
        try {
            index = new Index(Set.copyOf(remote.names()), null, nanoTime.getAsLong());
        } catch (IOException | RuntimeException | Error e) {
            if (Interruption.is(e)) {
                return; // its time is over
            }
            LOG.warn("{} does not tell its adapters: {}", remote, e.getMessage());
            Index last = index;
            index =
                    last != null && last.error() == null
                            ? new Index(last.names(), null, nanoTime.getAsLong())
                            : new Index(Set.of(), e, nanoTime.getAsLong());
        }
    }

    /** Ends the threads that ask. */
    @Override
    public void close() {
        questions.close();
    }
}

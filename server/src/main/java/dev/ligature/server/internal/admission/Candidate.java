package dev.ligature.server.internal.admission;

import dev.ligature.server.internal.answer.ApiException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A request that waits for a place and its adapter. Its mutable fields are the line's.
 *
 * @param <T> what it becomes
 */
public final class Candidate<T extends Admitted> {
    private static final long NEVER = -1;

    private final String model;
    private final long deadline;
    private final BooleanSupplier gone;
    private final Function<ModelLease, T> begin;
    private final Consumer<ApiException> refused;

    /** Whether its adapter is being leased now. */
    boolean asking;

    /** Whether that takes as long as it takes to load it. */
    boolean loading;

    private int passed; // by later requests that have been given a place before it
    private List<Candidate<T>> passedOver = List.of(); // by it, when it was asked for last
    private long asked = NEVER;
    private long fullAt = NEVER;

    /**
     * Creates a request.
     *
     * @param model what it names
     * @param deadline when it must have its answer, in {@link System#nanoTime}
     * @param gone whether nobody listens any more
     * @param begin makes what is computed, which closes the lease when it ends
     * @param refused takes the error of a request that never began
     */
    public Candidate(
            String model,
            long deadline,
            BooleanSupplier gone,
            Function<ModelLease, T> begin,
            Consumer<ApiException> refused) {
        this.model = model;
        this.deadline = deadline;
        this.gone = gone;
        this.begin = begin;
        this.refused = refused;
    }

    String model() {
        return model;
    }

    boolean isGone() {
        return gone.getAsBoolean();
    }

    boolean isLate() {
        return System.nanoTime() - deadline > 0;
    }

    T begin(ModelLease lease) {
        return begin.apply(lease);
    }

    void refuse(ApiException error) {
        refused.accept(error);
    }

    /** Returns how many later requests have been given a place before it. */
    int passed() {
        return passed;
    }

    /**
     * Returns whether it is waiting in the line; false while its adapter is leased, unless there
     * was no room for it before.
     */
    boolean isInLine() {
        return !asking || isBlocked();
    }

    /** Counts that it is given a place before some that were there earlier. */
    void passOver(List<Candidate<T>> earlier) {
        passedOver = earlier.stream().filter(Candidate::isInLine).toList();
        passedOver.forEach(each -> each.passed++);
    }

    /** Begins to ask for its adapter, when so many leases have ended. */
    void ask(long releases) {
        asking = true;
        asked = releases;
    }

    /** Notes that there was no room for its adapter, so that it has passed nobody over. */
    void full() {
        passedOver.forEach(each -> each.passed--);
        passedOver = List.of();
        asking = false;
        loading = false;
        fullAt = asked;
    }

    /** Returns whether there was no room for its adapter when it was last asked for. */
    boolean isBlocked() {
        return fullAt != NEVER;
    }

    /** Returns whether there may be room for its adapter, as leases have ended since. */
    boolean isWorthAsking(long releases) {
        return !asking && fullAt != releases;
    }
}

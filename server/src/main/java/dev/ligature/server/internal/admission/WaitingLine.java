package dev.ligature.server.internal.admission;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The requests that wait, in the order in which they came. One whose adapter is in memory goes
 * before one whose adapter is not, and that one before one for whose adapter there is no room. But
 * none is passed over by more than a number of later ones: then these wait for it, unless as many
 * adapters are being loaded as may be at a time.
 *
 * <p>A request stays in the line while its adapter is leased. It is not passed over then, and
 * nobody waits for it, however long an adapter takes to load. That is another matter once there was
 * no room for it: what it needs then are the leases of others. Guarded by the engine.
 *
 * @param <T> what requests become
 */
final class WaitingLine<T extends Admitted> {
    private final List<Candidate<T>> line = new ArrayList<>();
    private final int mostPassed;
    private int asking;
    private int loading;

    /**
     * Creates an empty line.
     *
     * @param mostPassed the most later requests that may be given a place before an earlier one
     */
    WaitingLine(int mostPassed) {
        this.mostPassed = mostPassed;
    }

    void add(Candidate<T> candidate) {
        line.add(candidate);
    }

    int size() {
        return line.size();
    }

    /** Returns how many adapters are being leased. */
    int asking() {
        return asking;
    }

    /** Returns how many of these are being loaded, as far as is known. */
    int loading() {
        return loading;
    }

    /**
     * Returns the request whose adapter is to be leased next, or null if there is none.
     *
     * @param isResident whether the adapter of a model is in memory
     * @param releases how many leases have ended, at which a request may find room again
     * @param tryAll whether those for which there was no room are to be asked for all the same
     * @param loads whether those may be asked for whose adapters are not in memory
     */
    @Nullable Candidate<T> ask(
            Predicate<String> isResident, long releases, boolean tryAll, boolean loads) {
        int end = reach(loads);
        int at = -1;
        boolean isLoaded = false;
        for (int i = 0; i < end; i++) {
            Candidate<T> each = line.get(i);
            if (tryAll ? !each.asking : each.isWorthAsking(releases)) {
                isLoaded = isResident.test(each.model());
                if (isLoaded) {
                    at = i;
                    break;
                }
                at = at < 0 && loads ? i : at;
            }
        }
        if (at < 0) {
            return null;
        }
        Candidate<T> next = line.get(at);
        next.passOver(line.subList(0, at));
        next.ask(releases);
        asking++;
        if (!isLoaded) {
            load(next);
        }
        return next;
    }

    /** Notes that the adapter of a request has to be loaded: until then, it holds nobody up. */
    void load(Candidate<T> candidate) {
        if (!candidate.loading) {
            candidate.loading = true;
            loading++;
        }
    }

    /** Returns the end of those that may be given a place now. */
    private int reach(boolean loads) {
        for (int i = 0; i < line.size(); i++) {
            if (mustNotBePassed(line.get(i), loads)) {
                return i + 1;
            }
        }
        return line.size();
    }

    /** Whoever could not be asked for anyway, as others are being loaded, holds nobody up. */
    private boolean mustNotBePassed(Candidate<T> candidate, boolean loads) {
        return candidate.isInLine()
                && candidate.passed() >= mostPassed
                && (candidate.asking || loads || loading == 0);
    }

    /** Leaves a request in the line, as there is no room for its adapter. */
    void keep(Candidate<T> candidate) {
        loading -= candidate.loading ? 1 : 0;
        candidate.full();
        asking--;
    }

    /** Takes a request out whose adapter was leased, or cannot be. */
    void remove(Candidate<T> candidate) {
        loading -= candidate.loading ? 1 : 0;
        candidate.loading = false;
        candidate.asking = false;
        asking--;
        line.remove(candidate);
    }

    /** Takes out those that nobody waits for, or whose time is over. */
    List<Candidate<T>> removeUnwanted() {
        return removeIf(each -> each.isGone() || each.isLate());
    }

    /** Takes all out. */
    List<Candidate<T>> removeAll() {
        return removeIf(each -> true);
    }

    private List<Candidate<T>> removeIf(Predicate<Candidate<T>> condition) {
        List<Candidate<T>> removed = new ArrayList<>();
        for (Iterator<Candidate<T>> each = line.iterator(); each.hasNext(); ) {
            Candidate<T> candidate = each.next();
            if (!candidate.asking && condition.test(candidate)) {
                each.remove();
                removed.add(candidate);
            }
        }
        return removed;
    }
}

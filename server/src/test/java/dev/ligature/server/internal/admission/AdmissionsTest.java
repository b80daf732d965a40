package dev.ligature.server.internal.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.StoreFullException;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.metrics.ServerMetrics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** How long a request waits, counted in requests that are given a place before it. */
final class AdmissionsTest {
    private static final int PLACES = 4;
    private static final int MOST = 2 * PLACES; // later ones
    private static final int WAITING = 12;
    private static final int STEPS = 400;

    private final Map<String, Integer> leases = new HashMap<>();
    private final Set<String> resident = new LinkedHashSet<>();
    private final List<Work> waiting = new ArrayList<>();
    private final List<Work> all = new ArrayList<>();
    private int room = 1;
    private int joined; // so far

    private final Admissions<Work> admissions =
            new Admissions<>(
                    PLACES, new Models(), Runnable::run, new ServerMetrics(2), new LackOfMemory());

    /** Adapters of one size, of which some have room at once; idle ones make way. */
    private final class Models implements ModelLeases {
        @Override
        public boolean isResident(String model) {
            return resident.contains(model);
        }

        @Override
        public ModelLease hold(String model) {
            if (!resident.contains(model)) {
                if (resident.size() == room
                        && !resident.removeIf(each -> !leases.containsKey(each))) {
                    throw new StoreFullException("LoraStoreFull", "planted");
                }
                resident.add(model);
            }
            leases.merge(model, 1, Integer::sum);
            return new ModelLease(null);
        }
    }

    /** A request for some steps with an adapter. */
    private final class Work implements Admitted {
        private final int number = all.size();
        private final String model;
        private int steps;
        private int aheadOfIt = waiting.size();
        private int joinedBefore = -1;
        private int laterOnes;

        Work(String model, int steps) {
            this.model = model;
            this.steps = steps;
        }

        @Override
        public boolean holdsAdapter() {
            return true;
        }

        @Override
        public void fail(ApiException error) {
            throw new AssertionError(error);
        }
    }

    private void add(String model, int steps) {
        Work work = new Work(model, steps);
        int before = joined;
        all.add(work);
        waiting.add(work);
        admissions.add(
                List.of(
                        new Candidate<>(
                                model,
                                Long.MAX_VALUE,
                                () -> false,
                                lease -> {
                                    waiting.remove(work);
                                    waiting.stream()
                                            .filter(other -> other.number < work.number)
                                            .forEach(other -> other.laterOnes++);
                                    work.joinedBefore = joined - before;
                                    joined++;
                                    return work;
                                },
                                error -> {
                                    throw new AssertionError(error);
                                })));
    }

    private void end(Work work) {
        leases.computeIfPresent(work.model, (model, count) -> count == 1 ? null : count - 1);
        admissions.released();
    }

    @Test
    void whateverComes_aRequestIsPassedOverByTwiceThePlaces_andNoMore() throws Exception {
        int most = 0;
        for (int seed = 0; seed < 200; seed++) {
            most = Math.max(most, run(new Random(seed)));
        }
        assertEquals(MOST, most, "and some are");
    }

    /** Returns how many later ones were given a place before the one that most passed. */
    private int run(Random random) throws InterruptedException {
        leases.clear();
        resident.clear();
        all.clear();
        joined = 0;
        room = 1 + random.nextInt(PLACES);
        int adapters = 2 + random.nextInt(6);
        double popular = random.nextDouble();
        List<Work> running = new ArrayList<>();
        for (int step = 0; step < STEPS || !waiting.isEmpty(); step++) {
            while (step < STEPS && waiting.size() < 1 + random.nextInt(WAITING)) {
                int adapter = random.nextDouble() < popular ? 0 : 1 + random.nextInt(adapters - 1);
                add("adapter-" + adapter, 1 + random.nextInt(5));
            }
            List<Work> joining = new ArrayList<>();
            assertTrue(admissions.await(running, joining));
            running.addAll(joining);
            running.forEach(work -> work.steps--);
            running.stream().filter(work -> work.steps == 0).forEach(this::end);
            running.removeIf(work -> work.steps == 0);
        }
        running.forEach(this::end);
        for (Work work : all) {
            assertTrue(
                    work.joinedBefore <= work.aheadOfIt + MOST,
                    work.joinedBefore + " before one with " + work.aheadOfIt + " ahead of it");
        }
        return all.stream().mapToInt(work -> work.laterOnes).max().orElseThrow();
    }
}

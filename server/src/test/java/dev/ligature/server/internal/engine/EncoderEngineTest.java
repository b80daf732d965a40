package dev.ligature.server.internal.engine;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.text.TokenizedText;
import dev.ligature.server.ServerFixture;
import dev.ligature.server.internal.admission.Candidate;
import dev.ligature.server.internal.admission.LackOfMemory;
import dev.ligature.server.internal.admission.ModelLease;
import dev.ligature.server.internal.admission.ModelLeases;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.metrics.ServerMetrics;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of texts whose numbers are computed, and of those beside them. */
final class EncoderEngineTest {
    private static final int PLACES = 4;
    private static final long BAD = 13;
    private static final long NAN = 14;
    private static final long FATAL = 15;

    private static final ServerMetrics METRICS = new ServerMetrics(2);

    private final LackOfMemory memory = new LackOfMemory();
    private final List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
    private final List<String> order = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch open = new CountDownLatch(1);
    private final EncoderEngine engine =
            new EncoderEngine(
                    (texts, adapters, manager) -> sums(texts, manager),
                    PLACES,
                    new BaseAlone(),
                    Runnable::run,
                    METRICS,
                    memory);

    /** Models without adapters. */
    private record BaseAlone() implements ModelLeases {
        @Override
        public boolean isResident(String model) {
            return true;
        }

        @Override
        public ModelLease hold(String model) {
            return new ModelLease(null);
        }
    }

    /** The "model": the sum of a text's tokens, and their number. */
    private NDArray sums(List<TokenizedText> texts, NDManager manager) {
        batches.add(texts.size());
        try {
            assertTrue(open.await(60, SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        float[][] sums = new float[texts.size()][2];
        for (int text = 0; text < sums.length; text++) {
            for (long id : texts.get(text).ids()) {
                if (id == BAD) {
                    throw new IllegalStateException("planted");
                }
                if (id == FATAL) {
                    throw new OutOfMemoryError("planted");
                }
                sums[text][0] += id == NAN ? Float.NaN : id;
                sums[text][1]++;
            }
        }
        return manager.create(sums);
    }

    /** How a request ended: its numbers, or the code of its error. */
    private final class Asked {
        private final CompletableFuture<Object> how = new CompletableFuture<>();
        private EncoderJob job;

        Asked(String name, long deadline, long[]... texts) {
            engine.submit(
                    new Candidate<>(
                            "base",
                            deadline,
                            () -> false,
                            lease -> {
                                job =
                                        new EncoderJob(
                                                List.of(texts).stream()
                                                        .map(TokenizedText::of)
                                                        .toList(),
                                                lease,
                                                new RequestClock(
                                                        System.nanoTime(), deadline, METRICS),
                                                numbers -> end(name, numbers),
                                                error -> end(name, error.code()));
                                return job;
                            },
                            error -> end(name, error.code())));
        }

        private void end(String name, Object result) {
            order.add(name);
            how.complete(result);
        }

        Object how() throws Exception {
            return how.get(60, SECONDS);
        }

        float[] numbers(int text) throws Exception {
            return ((float[][]) how())[text];
        }
    }

    private Asked ask(String name, long[]... texts) {
        return new Asked(name, System.nanoTime() + SECONDS.toNanos(60), texts);
    }

    @AfterEach
    void stop() throws Exception {
        open.countDown();
        engine.stop(10);
    }

    @Test
    void longTexts_shareAPassOnlyWhileItsAttentionFitsMemory() {
        assertEquals(List.of(8), sizes(Collections.nCopies(8, 512)));
        assertEquals(List.of(16, 4), sizes(Collections.nCopies(20, 512)));
        assertEquals(List.of(1, 1, 1), sizes(List.of(8000, 7000, 8192)));
    }

    private static List<Integer> sizes(List<Integer> lengths) {
        return EncoderEngine.groups(lengths, length -> length).stream().map(List::size).toList();
    }

    @Test
    void textsOfAllLengths_getTheirOwnNumbers_inTheOrderOfTheRequest() throws Exception {
        open.countDown();
        engine.start();
        Asked asked = ask("a", new long[] {1, 2, 3, 4, 5, 6, 7}, new long[] {9}, new long[] {1, 2});
        assertEquals(28, asked.numbers(0)[0]);
        assertEquals(9, asked.numbers(1)[0]);
        assertEquals(3, asked.numbers(2)[0]);
        assertEquals(7, asked.numbers(0)[1]);
        assertEquals(List.of(2, 1), batches, "the long one is not padded to");
    }

    @Test
    void aRequestOfManyTexts_doesNotHoldUpAShortOne() throws Exception {
        long[][] many = new long[40][];
        for (int text = 0; text < many.length; text++) {
            many[text] = new long[] {100 + text};
        }
        Asked large = ask("large", many);
        Asked small = ask("small", new long[] {5});
        engine.start();
        open.countDown();
        assertEquals(139, large.numbers(39)[0]);
        assertEquals(5, small.numbers(0)[0]);
        assertEquals(List.of("small", "large"), order);
        assertTrue(batches.stream().allMatch(size -> size <= PLACES), batches::toString);
        assertEquals(11, batches.size(), batches::toString);
    }

    @Test
    void aTextThatCannotBeComputed_failsItsOwnRequest() throws Exception {
        Asked good = ask("good", new long[] {1}, new long[] {2});
        Asked bad = ask("bad", new long[] {BAD});
        Asked nan = ask("nan", new long[] {NAN});
        engine.start();
        open.countDown();
        assertEquals("internal_error", bad.how());
        assertEquals("result_not_finite", nan.how());
        assertEquals(1, good.numbers(0)[0]);
        assertEquals(2, good.numbers(1)[0]);
        assertEquals(8, ask("next", new long[] {8}).numbers(0)[0]);
    }

    @Test
    void whatNobodyWaitsFor_andWhatIsLate_isNotComputed() throws Exception {
        Asked first =
                ask(
                        "first",
                        new long[] {1},
                        new long[] {1},
                        new long[] {1},
                        new long[] {1},
                        new long[] {1},
                        new long[] {1},
                        new long[] {1},
                        new long[] {1},
                        new long[] {1});
        engine.start();
        ServerFixture.await(() -> batches.size() == 1); // it computes, and waits
        Asked late = new Asked("late", System.nanoTime() - 1, new long[] {2});
        first.job.cancel();
        open.countDown();
        assertEquals("client_gone", first.how());
        assertEquals("timeout", late.how());
        assertEquals(1, batches.size());
    }

    @Test
    void anErrorOfTheMachine_endsTheEngine_andEverybodyIsTold() throws Exception {
        Asked asked = ask("fatal", new long[] {FATAL});
        engine.start();
        open.countDown();
        assertEquals("stopping", asked.how());
        ServerFixture.await(() -> !engine.isAlive());
        assertTrue(memory.isSeen());
        ApiException closed = assertThrows(ApiException.class, () -> ask("x", new long[] {1}));
        assertEquals("stopping", closed.code());
    }
}

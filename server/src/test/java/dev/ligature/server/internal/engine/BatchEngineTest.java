package dev.ligature.server.internal.engine;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RowRouter;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.text.StopText;
import dev.ligature.models.text.TextStream;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.server.ServerFixture;
import dev.ligature.server.internal.admission.Candidate;
import dev.ligature.server.internal.admission.LackOfMemory;
import dev.ligature.server.internal.admission.ModelLease;
import dev.ligature.server.internal.admission.ModelLeases;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Finish;
import dev.ligature.server.internal.answer.TokenLogprob;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.metrics.ServerMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of completions when the model fails under them. */
final class BatchEngineTest {
    private static final Path MODEL = Path.of("../models/src/test/resources/llama/biased");

    private static final ServerMetrics METRICS = new ServerMetrics(2);

    private final LackOfMemory memory = new LackOfMemory();
    private NDManager manager;
    private LlamaForCausalLM model;
    private TextTokenizer tokenizer;

    @BeforeEach
    void open() throws IOException {
        manager = NDManager.newBaseManager();
        model = LlamaCheckpoint.load(MODEL, manager);
        tokenizer = TextTokenizer.open(Path.of("..", "examples", "demo", "base", "tokenizer.json"));
    }

    @AfterEach
    void close() {
        tokenizer.close();
        manager.close();
    }

    /** Takes how a completion ended: the reason, or the code of the error. */
    private static final class Ending implements CompletionSink {
        private final CompletableFuture<String> how = new CompletableFuture<>();

        @Override
        public void echo(String prompt, List<TokenLogprob> tokens) {}

        @Override
        public void text(String piece, List<TokenLogprob> tokens) {}

        @Override
        public void end(Finish finish, Usage usage) {
            how.complete(finish + " after " + usage.newTokens());
        }

        @Override
        public void fail(ApiException error) {
            how.complete(error.code());
        }

        String how() throws Exception {
            return how.get(60, SECONDS);
        }
    }

    private BatchEngine engine(RowRouter router) {
        return engine(router, model.config().decoderShape());
    }

    private BatchEngine engine(RowRouter router, DecoderShape shape) {
        return new BatchEngine(
                router,
                shape,
                BatchOptions.DEFAULTS,
                4,
                new BaseAlone(),
                Runnable::run,
                METRICS,
                memory);
    }

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

    private Ending submit(BatchEngine engine, int tokens) {
        return submit(engine, tokens, 3, 4, 5);
    }

    private Ending submit(BatchEngine engine, int tokens, long... prompt) {
        Ending ending = new Ending();
        long deadline = System.nanoTime() + SECONDS.toNanos(60);
        engine.submit(
                List.of(
                        new Candidate<>(
                                "base",
                                deadline,
                                () -> false,
                                lease ->
                                        new Generation(
                                                prompt,
                                                GenerationOptions.greedy(tokens),
                                                lease,
                                                new TextStream(tokenizer),
                                                new StopText(List.of()),
                                                ending,
                                                new RequestClock(
                                                        System.nanoTime(), deadline, METRICS),
                                                new Wording(null, id -> "")),
                                ending::fail)));
        return ending;
    }

    @Test
    void newcomersThatCannotBeginTogether_beginOneByOne() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        BatchEngine engine =
                engine(
                        rows -> {
                            if (rows.size() == 3 && refused.getAndIncrement() == 0) {
                                throw new IllegalStateException("not all three at once");
                            }
                            return model;
                        });
        List<Ending> endings = new ArrayList<>();
        for (int tokens = 4; tokens < 7; tokens++) {
            endings.add(submit(engine, tokens));
        }
        engine.start();
        for (int i = 0; i < 3; i++) {
            assertEquals("LENGTH after " + (4 + i), endings.get(i).how());
        }
        assertTrue(refused.get() > 1, "and then they go on together");
        engine.stop(10);
    }

    /** Counted by passes: whatever the machine, at most one piece lies between two tokens. */
    @Test
    void aPromptOf4000Tokens_delaysTheTokensOfAnotherStreamByOnePiece() throws Exception {
        List<Shape> passes = new CopyOnWriteArrayList<>(); // the shapes (B, T) of their ids
        Block probe =
                new LambdaBlock(inputs -> inputs) {
                    @Override
                    protected NDList forwardInternal(
                            ParameterStore store,
                            NDList inputs,
                            boolean training,
                            PairList<String, Object> params) {
                        passes.add(inputs.head().getShape());
                        return model.forward(store, inputs, training, params);
                    }
                };
        DecoderShape own = model.config().decoderShape();
        DecoderShape wide =
                new DecoderShape(
                        own.vocabulary(), 5000, own.layers(), own.keyValueHeads(), own.headSize());
        BatchEngine engine = engine(rows -> probe, wide);
        engine.start();
        Ending stream = submit(engine, 900);
        ServerFixture.await(() -> passes.size() > 5);
        long[] prompt = new Random(1).longs(4000, 6, own.vocabulary()).toArray();
        Ending slow = submit(engine, 2, prompt);
        assertEquals("LENGTH after 2", slow.how());
        assertEquals("LENGTH after 900", stream.how());
        engine.stop(10);
        List<Integer> pieces = new ArrayList<>();
        for (int i = 6; i < passes.size(); i++) {
            if (passes.get(i).get(1) > 1) {
                pieces.add((int) passes.get(i).size());
                assertEquals(1, passes.get(i + 1).get(1), "two pieces without a token between");
                assertEquals(pieces.size() == 8 ? 2 : 1, passes.get(i + 1).get(0));
            }
        }
        assertEquals(List.of(512, 512, 512, 512, 512, 512, 512, 416), pieces);
    }

    @Test
    void aCompletionThatCannotBegin_isAnErrorForItself() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        BatchEngine engine =
                engine(
                        rows -> {
                            int call = calls.getAndIncrement();
                            if (call == 0 || call == 2) { // all three, and then the second
                                throw new IllegalStateException("planted");
                            }
                            return model;
                        });
        Ending first = submit(engine, 5);
        Ending second = submit(engine, 5);
        Ending third = submit(engine, 5);
        engine.start();
        assertEquals("internal_error", second.how());
        assertEquals("LENGTH after 5", first.how());
        assertEquals("LENGTH after 5", third.how());
        engine.stop(10);
    }

    @Test
    void aStepThatFails_isAnErrorForThoseInIt_andTheNextCompletionIsMade() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        BatchEngine engine =
                engine(
                        rows -> {
                            if (calls.getAndIncrement() == 3) {
                                throw new IllegalStateException("planted");
                            }
                            return model;
                        });
        Ending first = submit(engine, 20);
        Ending second = submit(engine, 20);
        engine.start();
        assertEquals("internal_error", first.how());
        assertEquals("internal_error", second.how());
        assertEquals("LENGTH after 6", submit(engine, 6).how());
        assertTrue(engine.isAlive());
        engine.stop(10);
        ApiException closed = assertThrows(ApiException.class, () -> submit(engine, 1));
        assertEquals("stopping", closed.code());
    }

    @Test
    void anErrorOfTheMachine_endsTheEngine_andEverybodyIsTold() throws Exception {
        BatchEngine engine =
                engine(
                        rows -> {
                            throw new OutOfMemoryError("planted");
                        });
        Ending first = submit(engine, 5);
        engine.start();
        assertEquals("stopping", first.how());
        ServerFixture.await(() -> !engine.isAlive());
        assertTrue(memory.isSeen());
        assertThrows(ApiException.class, () -> submit(engine, 1));
        engine.stop(1);
    }
}

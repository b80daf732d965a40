package dev.ligature.langchain4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.ligature.Routing;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The thread that computes answers, given texts that it takes on together. */
@Timeout(120)
final class GenerationLoopTest {
    private static final int TOKENS = 6;

    @TempDir Path folder;
    private final AtomicInteger released = new AtomicInteger();
    private ChatFixture fixture;
    private GenerationLoop loop;
    private long[] prompt;

    @BeforeEach
    void open() throws Exception {
        fixture = new ChatFixture(folder);
        prompt = fixture.model.tokenizer().encode("fun main(");
        loop =
                new GenerationLoop(
                        new RunningBatch(
                                adapters -> fixture.model.lora().routed(Routing.rows(adapters)),
                                fixture.model.decoder(),
                                fixture.model.manager()));
    }

    @AfterEach
    void close() {
        loop.close();
        fixture.close();
    }

    private Growth growth(String adapter, int tokens) {
        return new Growth(
                prompt,
                adapter,
                GenerationOptions.greedy(tokens).withStopIds(fixture.model.tokens().stops()),
                released::incrementAndGet);
    }

    @Test
    void textsBesideOneThatTheBatchRefuses_growOnce() throws Exception {
        int tooMany = fixture.model.decoder().maxPositions();
        assertOthersGrowOnce(growth(Routing.BASE, tooMany));
    }

    @Test
    void textsBesideOneThatCannotBeRead_growOnce() throws Exception {
        assertOthersGrowOnce(growth("nobody", TOKENS));
    }

    /** Asserts that a text fails alone, and that those before and after it are as without it. */
    private void assertOthersGrowOnce(Growth failing) throws Exception {
        long[] expected =
                TextGenerator.of(fixture.model, Routing.none())
                        .generate(
                                List.of(prompt),
                                GenerationOptions.greedy(TOKENS)
                                        .withStopIds(fixture.model.tokens().stops()),
                                TokenListener.NONE)
                        .get(0);
        List<Growth> others = List.of(growth(Routing.BASE, TOKENS), growth(Routing.BASE, TOKENS));
        GenerationLoop taking = loop;
        synchronized (taking) { // it takes none on until all three are there
            taking.submit(others.get(0));
            taking.submit(failing);
            taking.submit(others.get(1));
        }
        for (Growth other : others) {
            assertArrayEquals(expected, tokens(other));
            assertArrayEquals(expected, other.row().tokens());
        }
        assertInstanceOf(Growth.Failed.class, failing.next());
        assertEquals(3, released.get(), "each gives its place back once");
    }

    private static long[] tokens(Growth growth) throws InterruptedException {
        List<Long> tokens = new ArrayList<>();
        Growth.News news = growth.next();
        while (news instanceof Growth.Token token) {
            tokens.add(token.id());
            news = growth.next();
        }
        assertInstanceOf(Growth.End.class, news);
        return tokens.stream().mapToLong(Long::longValue).toArray();
    }
}

package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.models.Oracle;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextGeneratorTest {
    private static final int NEW_TOKENS = 10;

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private TextGenerator generator(String name) throws IOException {
        LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
        return new TextGenerator(model, model.config().decoderShape(), manager);
    }

    /** Returns the rows of an array, without the places where the mask is 0. */
    private static List<long[]> rows(NDArray array, NDArray mask) {
        int rows = (int) array.getShape().get(0);
        int width = (int) array.getShape().get(1);
        long[] values = array.toLongArray();
        long[] kept = mask.toLongArray();
        return IntStream.range(0, rows)
                .mapToObj(
                        row ->
                                IntStream.range(row * width, (row + 1) * width)
                                        .filter(i -> kept[i] != 0)
                                        .mapToLong(i -> values[i])
                                        .toArray())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"biased", "llama-tied-both", "qwen2-tied-embed"})
    void greedyTokens_areThoseOfTransformersGenerate(String name) throws IOException {
        Oracle oracle = Oracle.of(name, manager);
        List<long[]> prompts = rows(oracle.read("prompt_ids"), oracle.read("prompt_mask"));
        int stop = (int) oracle.read("stop_id").getLong();
        NDArray all = oracle.read("generated"); // (B, T+N)
        NDArray expected = all.get(":, -" + NEW_TOKENS + ":"); // (B, N)
        List<List<Long>> heard = new ArrayList<>();
        prompts.forEach(prompt -> heard.add(new ArrayList<>()));

        TextGenerator generator = generator(name);
        GenerationOptions options = GenerationOptions.greedy(NEW_TOKENS).withStopIds(Set.of(stop));
        List<long[]> together =
                generator.generate(prompts, options, (row, id) -> heard.get(row).add(id));

        boolean stoppedEarly = false;
        for (int row = 0; row < prompts.size(); row++) {
            long[] untilStop =
                    Arrays.stream(expected.get(row).toLongArray())
                            .takeWhile(id -> id != stop)
                            .toArray();
            stoppedEarly |= untilStop.length < NEW_TOKENS;
            assertArrayEquals(untilStop, together.get(row), "row " + row);
            assertEquals(Arrays.stream(untilStop).boxed().toList(), heard.get(row));
            List<long[]> alone =
                    generator.generate(List.of(prompts.get(row)), options, TokenListener.NONE);
            assertArrayEquals(untilStop, alone.get(0), "row " + row + " alone");
        }
        assertTrue(stoppedEarly, "the oracle has a row that stops early");
    }

    @Test
    void sampling_isRepeatedByItsSeedAndFollowsTheTemperature() throws IOException {
        TextGenerator generator = generator("biased");
        List<long[]> prompts = List.of(new long[] {3, 4, 5}, new long[] {6});
        GenerationOptions warm = GenerationOptions.greedy(20).withTemperature(1.5, 42);
        List<long[]> first = generator.generate(prompts, warm, TokenListener.NONE);
        List<long[]> again = generator.generate(prompts, warm, TokenListener.NONE);
        List<long[]> other =
                generator.generate(prompts, warm.withTemperature(1.5, 43), TokenListener.NONE);
        List<long[]> cold =
                generator.generate(prompts, warm.withTemperature(1e-4, 42), TokenListener.NONE);
        List<long[]> greedy =
                generator.generate(prompts, GenerationOptions.greedy(20), TokenListener.NONE);
        assertArrayEquals(first.toArray(), again.toArray());
        assertTrue(!Arrays.equals(first.get(0), other.get(0)));
        assertArrayEquals(greedy.toArray(), cold.toArray());
    }

    @Test
    void draws_areAsFrequentAsTheSoftmaxSays() {
        TokenSampler sampler =
                new TokenSampler(GenerationOptions.greedy(1).withTemperature(2, 5), new long[0]);
        // exp(ln 9 / 2) = 3: the second token is three times as likely as each other one.
        float[] logits = {0, (float) Math.log(9), 0};
        int[] counts = new int[3];
        for (int i = 0; i < 20_000; i++) {
            counts[sampler.choose(logits)]++;
        }
        assertEquals(0.2, counts[0] / 20_000d, 0.01);
        assertEquals(0.6, counts[1] / 20_000d, 0.01);
        assertEquals(0.2, counts[2] / 20_000d, 0.01);
    }

    @Test
    void generation_freesWhatItMade() throws IOException {
        TextGenerator generator = generator("biased");
        Set<String> before = names();
        List<long[]> prompts = List.of(new long[] {3, 4, 5}, new long[] {6});
        generator.generate(prompts, GenerationOptions.greedy(5), TokenListener.NONE);
        assertEquals(before, names());
    }

    private Set<String> names() {
        Set<String> names = new TreeSet<>();
        manager.getManagedArrays().forEach(array -> names.add(array.getUid()));
        return names;
    }

    @Test
    void promptsThatTheModelCannotTake_areErrorsThatNameThePlace() throws IOException {
        TextGenerator generator = generator("biased");
        GenerationOptions options = GenerationOptions.greedy(60);
        assertEquals(
                "[TokenOutOfRange] Token id 53 at place 1 is not in the vocabulary, which ends at"
                        + " 52. Use the tokenizer of this model.",
                refusal(generator, options, new long[] {3, 53}));
        assertEquals(
                "[EmptyPrompt] Prompt 0 has no tokens. Begin with the token that starts a text.",
                refusal(generator, options, new long[0]));
        assertEquals(
                "[TextTooLong] A prompt of 5 tokens and 60 new ones are 65, but the model was made"
                        + " for 64 positions. Shorten the prompt, or ask for fewer tokens.",
                refusal(generator, options, new long[] {3, 3, 3, 3, 3}));
    }

    @Test
    void optionsOutOfRange_areNamedWithTheirValue() {
        GenerationOptions greedy = GenerationOptions.greedy(1);
        LoraException tokens =
                assertThrows(LoraException.class, () -> GenerationOptions.greedy(-1));
        assertEquals(
                "[GenerationOptions] maxNewTokens is -1; it must be 0 or positive.",
                tokens.getMessage());
        LoraException temperature =
                assertThrows(LoraException.class, () -> greedy.withTemperature(Double.NaN, 0));
        assertEquals(
                "[GenerationOptions] temperature is NaN; it must be 0 (greedy) or positive.",
                temperature.getMessage());
    }

    private static String refusal(
            TextGenerator generator, GenerationOptions options, long[] prompt) {
        return assertThrows(
                        LoraException.class,
                        () -> generator.generate(List.of(prompt), options, TokenListener.NONE))
                .getMessage();
    }

    @Test
    void noPrompts_giveNoTexts() throws IOException {
        assertEquals(
                List.of(),
                generator("biased")
                        .generate(List.of(), GenerationOptions.greedy(1), TokenListener.NONE));
    }
}

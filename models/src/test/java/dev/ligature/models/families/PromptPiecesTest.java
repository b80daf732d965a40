package dev.ligature.models.families;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.Scores;
import dev.ligature.models.generation.TextRow;
import dev.ligature.models.generation.TokenScore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts of every family give what the reference says, in whatever pieces they are read. */
final class PromptPiecesTest {
    private static final double EPSILON = 1e-4;
    private static final String ADAPTER = "first";

    static List<String> names() throws IOException {
        return FamilyCase.names();
    }

    private static RunningBatch batch(PretrainedModel model, int pieceTokens, boolean keeps) {
        return new RunningBatch(
                adapters -> model.lora().routed(Routing.rows(adapters)),
                model.decoder(),
                model.manager(),
                new BatchOptions(pieceTokens, Long.MAX_VALUE, keeps));
    }

    private static void finish(RunningBatch batch) {
        while (!batch.isEmpty()) {
            batch.step();
        }
    }

    /** The scores of the prompt's tokens say what the logits at all of its places are. */
    @ParameterizedTest
    @MethodSource("names")
    void scoresOfAPromptInPieces_areThoseOfTransformers(String name) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            reference.loadAdapter();
            NDArray ids = reference.read("input_ids"); // (B, T)
            for (String adapter : List.of(ADAPTER, Routing.BASE)) {
                boolean isBase = adapter.equals(Routing.BASE);
                NDArray logits = reference.read(isBase ? "base_logits" : "adapter_logits");
                NDArray expected = logits.logSoftmax(2); // (B, T, V)
                for (int pieceTokens : List.of(1, 3, 5, 512)) {
                    GenerationOptions scored =
                            GenerationOptions.greedy(0).withScores(new Scores(false, true, 0));
                    List<TextRow> rows = new ArrayList<>();
                    for (int row = 0; row < ids.getShape().get(0); row++) {
                        long[] prompt = ids.get(row).toLongArray();
                        rows.add(new TextRow(prompt, adapter, scored, id -> {}));
                    }
                    try (RunningBatch batch = batch(reference.model(), pieceTokens, false)) {
                        batch.add(rows);
                        finish(batch);
                    }
                    for (int row = 0; row < rows.size(); row++) {
                        List<TokenScore> found = rows.get(row).promptScores();
                        long[] prompt = rows.get(row).prompt();
                        assertEquals(prompt.length, found.size());
                        for (int i = 1; i < prompt.length; i++) {
                            float wanted =
                                    expected.get(new NDIndex("{}, {}, {}", row, i - 1, prompt[i]))
                                            .getFloat();
                            assertEquals(
                                    wanted,
                                    found.get(i).logprob(),
                                    EPSILON * (1 + Math.abs(wanted)),
                                    pieceTokens + " a piece, row " + row + ", token " + i);
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void greedyTokensBehindAPromptInPieces_areThoseOfTransformers(String name) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            NDArray all = reference.read("generated"); // (B, P+N)
            long width = reference.read("prompt_ids").getShape().get(1);
            NDArray expected = all.get(new NDIndex(":, {}:", width)); // (B, N)
            int count = (int) expected.getShape().get(1);
            for (int pieceTokens : List.of(1, 2, 7, 16)) {
                List<TextRow> rows = new ArrayList<>();
                try (RunningBatch batch = batch(reference.model(), pieceTokens, false)) {
                    for (long[] prompt : reference.prompts()) { // each while the others grow
                        GenerationOptions greedy = GenerationOptions.greedy(count);
                        rows.add(new TextRow(prompt, Routing.BASE, greedy, id -> {}));
                        batch.add(rows.subList(rows.size() - 1, rows.size()));
                        batch.step();
                    }
                    finish(batch);
                }
                for (int row = 0; row < rows.size(); row++) {
                    assertArrayEquals(
                            expected.get(row).toLongArray(),
                            rows.get(row).tokens(),
                            pieceTokens + " a piece, row " + row);
                }
            }
        }
    }

    /**
     * Texts of more tokens than attention computes at once, which begin with the same tokens: their
     * logits are those of one pass without any cache.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {"gemma2", "gemma3", "llama3", "mistral", "olmo2", "phi3-window", "qwen3"})
    void longTexts_alsoBehindAKeptPrefix_haveTheLogitsOfOnePass(String name, @TempDir Path folder)
            throws IOException {
        try (FamilyCase reference = new FamilyCase(name);
                PretrainedModel model = PretrainedModel.load(longer(reference.base(), folder))) {
            Random random = new Random(5);
            long[] shared = random.longs(200, 3, 40).toArray();
            GenerationOptions options =
                    GenerationOptions.greedy(70).withScores(new Scores(true, false, 0));
            List<TextRow> rows = new ArrayList<>();
            try (RunningBatch batch = batch(model, 160, true)) {
                for (long last = 3; last < 6; last++) {
                    long[] prompt = shared.clone();
                    prompt[199] = last;
                    TextRow row = new TextRow(prompt, Routing.BASE, options, id -> {});
                    rows.add(row);
                    batch.add(List.of(row));
                    batch.step();
                    batch.step();
                }
                finish(batch);
            }
            assertEquals(0, rows.get(0).keptTokens());
            assertEquals(192, rows.get(1).keptTokens());
            assertEquals(192, rows.get(2).keptTokens());
            for (TextRow row : rows) {
                long[] whole =
                        Stream.of(row.prompt(), row.tokens())
                                .flatMapToLong(java.util.Arrays::stream)
                                .toArray();
                NDArray ids = model.manager().create(whole).reshape(1, whole.length);
                NDArray logits =
                        model.lora()
                                .forward(reference.store(), new NDList(ids), Routing.none())
                                .singletonOrThrow(); // (1, S, V)
                NDArray expected = logits.logSoftmax(2);
                for (int i = 0; i < row.tokens().length; i++) {
                    float wanted =
                            expected.get(new NDIndex("0, {}, {}", 199 + i, whole[200 + i]))
                                    .getFloat();
                    assertEquals(
                            wanted,
                            row.scores().get(i).logprob(),
                            EPSILON * (1 + Math.abs(wanted)),
                            "token " + i);
                }
            }
        }
    }

    /** Returns a copy of a checkpoint whose model takes longer texts. */
    private static Path longer(Path base, Path folder) throws IOException {
        try (Stream<Path> files = Files.list(base)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path config = folder.resolve("config.json");
        String text = Files.readString(config);
        Files.writeString(
                config, text.replaceAll("(\"max_position_embeddings\"): [0-9]+", "$1: 1024"));
        return folder;
    }
}

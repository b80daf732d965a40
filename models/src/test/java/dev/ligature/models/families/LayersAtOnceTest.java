package dev.ligature.models.families;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RowRouter;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.Scores;
import dev.ligature.models.generation.TextRow;
import dev.ligature.ops.OperatorLookup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers of a decoder that are computed in one call, against the same layers one by one. */
final class LayersAtOnceTest {
    private static final int STEPS = 6;
    private static final double EPSILON = 2e-5;

    /** The families whose layers are what one call computes. */
    private static final Set<String> TAKEN =
            Set.of(
                    "llama3",
                    "llama3-older",
                    "mistral",
                    "mistral-full",
                    "qwen3",
                    "qwen3-bias",
                    "smollm3",
                    "smollm3-bias");

    /** The build runs these tests with the operators; by hand they may be run without. */
    @BeforeAll
    static void operatorsAreUsed() {
        try (NDManager manager = NDManager.newBaseManager()) {
            assumeTrue(OperatorLookup.engine(manager).choice().contains("layers"));
        }
    }

    static List<String> names() throws IOException {
        return FamilyCase.names();
    }

    /** Texts of a run: their scores, and how many passes were computed in one call. */
    private record Run(List<TextRow> rows, int atOnce) {}

    private static Run run(
            PretrainedModel model, Block block, boolean allowed, int texts, boolean longer) {
        CountedLayers counted = new CountedLayers(block, allowed);
        RowRouter router = adapters -> counted;
        List<TextRow> rows = new ArrayList<>();
        for (int i = 0; i < texts; i++) {
            // The first has one token: no pass over several goes before its first step.
            long[] prompt = new long[i * 3 % 19 + 1];
            for (int token = 0; token < prompt.length; token++) {
                prompt[token] = 3L + (7 * i + 5 * token) % 29;
            }
            // In a longer run each text but the first has a token more.
            GenerationOptions options =
                    GenerationOptions.greedy(longer && i > 0 ? STEPS + 1 : STEPS);
            Scores scores = new Scores(true, false, 0);
            rows.add(new TextRow(prompt, "", options.withScores(scores), id -> {}));
        }
        try (RunningBatch batch = new RunningBatch(router, model.decoder(), model.manager())) {
            batch.join(rows);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        return new Run(rows, counted.count());
    }

    /** Runs texts in both ways; returns how many passes were computed in one call. */
    private static int compare(PretrainedModel model, Routing routing, int texts) {
        return compare(model, model.lora().routed(routing), texts);
    }

    private static int compare(PretrainedModel model, Block block, int texts) {
        return compare(model, block, texts, false);
    }

    private static int compare(PretrainedModel model, Block block, int texts, boolean longer) {
        Run atOnce = run(model, block, true, texts, longer);
        Run oneByOne = run(model, block, false, texts, longer);
        assertEquals(0, oneByOne.atOnce());
        for (int i = 0; i < texts; i++) {
            TextRow found = atOnce.rows().get(i);
            TextRow wanted = oneByOne.rows().get(i);
            assertArrayEquals(wanted.tokens(), found.tokens(), "text " + i);
            for (int token = 0; token < wanted.tokens().length; token++) {
                double score = wanted.scores().get(token).logprob();
                assertEquals(
                        score,
                        found.scores().get(token).logprob(),
                        EPSILON * (1 + Math.abs(score)),
                        "text " + i + ", token " + token);
            }
        }
        return atOnce.atOnce();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyFamily_givesTheSame_andThoseLikeLlamaInOneCall(String name) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            reference.loadAdapter();
            PretrainedModel model = reference.model();
            for (int texts : new int[] {1, 2, 5}) {
                for (Routing routing : List.of(Routing.of("first"), Routing.none())) {
                    int atOnce = compare(model, routing, texts);
                    assertEquals(TAKEN.contains(name), atOnce > 0, routing + ", " + atOnce);
                }
            }
        }
    }

    private static void withAdapter(
            String base, Consumer<LoraConfig.Builder> options, Consumer<PretrainedModel> check)
            throws IOException {
        try (FamilyCase reference = new FamilyCase(base)) {
            LoraConfig.Builder builder = LoraConfig.builder().optRank(4).optInit(LoraInit.RANDOM);
            options.accept(builder);
            reference.model().lora().create("made", builder.build());
            check.accept(reference.model());
        }
    }

    @ParameterizedTest
    @CsvSource({"q_proj, true", "down_proj, true", "o_proj, true", "q_norm, false"})
    void anAdapterOfOneModule_isReached_andCounts(String module, boolean atOnce)
            throws IOException {
        withAdapter(
                "qwen3",
                builder -> {
                    if (module.endsWith("norm")) {
                        builder.setTargetModules("v_proj").optModulesToSave(module);
                    } else {
                        builder.setTargetModules(module);
                    }
                },
                model -> assertEquals(atOnce, compare(model, Routing.of("made"), 1) > 0, module));
    }

    @Test
    void whatIsMoreThanAPair_isComputedBlockByBlock() throws IOException {
        withAdapter(
                "llama3",
                builder -> builder.setTargetModules("v_proj", "up_proj").optUseDora(true),
                model -> assertEquals(0, compare(model, Routing.of("made"), 2)));
        withAdapter(
                "llama3",
                builder -> builder.setTargetModules("v_proj", "up_proj").optLoraBias(true),
                model -> assertEquals(0, compare(model, Routing.of("made"), 2)));
        withAdapter(
                "llama3",
                builder -> builder.setTargetModules("k_proj"),
                model -> {
                    LoraModel lora = model.lora();
                    lora.create(
                            "other",
                            LoraConfig.builder()
                                    .setTargetModules("k_proj")
                                    .optInit(LoraInit.RANDOM)
                                    .build());
                    Routing both = Routing.weighted(Map.of("made", 1.0, "other", 1.0));
                    assertEquals(0, compare(model, both, 2));
                });
    }

    @Test
    void rowsOfOneAdapter_andOfSeveral_areComputedInOneCall() throws IOException {
        withAdapter(
                "llama3",
                builder -> builder.setTargetModules("k_proj", "gate_proj", "o_proj"),
                model -> {
                    // Ranks of 4 in all side by side, of 36 one after the other.
                    for (int i = 0; i < 4; i++) {
                        LoraConfig.Builder other = LoraConfig.builder().optRank(8);
                        other.setTargetModules(i == 3 ? "v_proj" : "o_proj", "k_proj");
                        model.lora().create("other" + i, other.optInit(LoraInit.RANDOM).build());
                    }
                    // Where one of them is trained, the factors are not stacked.
                    assertEquals(0, compare(model, Routing.rows("made", "other0"), 2));
                    model.lora().adapters().forEach(adapter -> adapter.setTrainable(false));
                    for (List<String> rows :
                            List.of(
                                    List.of("made", "made"),
                                    List.of("made", Routing.BASE),
                                    List.of("other1", "made"),
                                    List.of("made", "other0", "other1", "other2", "other3"),
                                    List.of("other3", "other0", "made", "other2", "other1"),
                                    List.of("other3", "made", "other0", "other1", "other2", "made"),
                                    Collections.nCopies(3, Routing.BASE))) {
                        int atOnce = compare(model, Routing.rows(rows), rows.size());
                        assertEquals(STEPS - 1, atOnce, rows.toString());
                    }
                    Routing three = Routing.rows(Collections.nCopies(3, "made"));
                    LoraException e =
                            assertThrows(LoraException.class, () -> compare(model, three, 1));
                    assertEquals("LoraRowsMismatch", e.code());
                });
    }

    @Test
    void theFactorOfARouting_counts() throws IOException {
        withAdapter(
                "llama3",
                builder -> builder.setTargetModules("k_proj", "gate_proj"),
                model -> {
                    Routing half = Routing.weighted(Map.of("made", 0.5));
                    assertEquals(STEPS - 1, compare(model, half, 2));
                });
    }

    private static void fill(Adapter adapter, String factor, float value) {
        for (Pair<String, Parameter> named : adapter.parameters()) {
            if (named.getKey().contains(factor)) {
                try (NDArray alias = named.getValue().getArray().stopGradient()) {
                    alias.set(new NDIndex("0"), value);
                }
            }
        }
        adapter.setTrainable(false); // what was made of the factors is made again
    }

    @ParameterizedTest
    @CsvSource({"4, lora_B", "20, lora_A", "20, lora_B"})
    void valuesOfAnAdapter_changeNoBitOfOtherRows(int rank, String factor) throws IOException {
        withAdapter(
                "llama3",
                builder -> builder.setTargetModules("q_proj", "down_proj").optRank(rank / 2),
                model -> {
                    for (String name : List.of("a", "b")) {
                        LoraConfig.Builder other = LoraConfig.builder().optRank(rank);
                        other.setTargetModules("q_proj", "down_proj").optInit(LoraInit.RANDOM);
                        model.lora().create(name, other.build()).setTrainable(false);
                    }
                    Routing rows = Routing.rows("a", "made", Routing.BASE, "b", "made");
                    List<List<float[]>> found = new ArrayList<>();
                    for (float value : new float[] {0.1f, 3e38f}) {
                        fill(model.lora().adapter("made"), factor, value);
                        CountedLayers block = new CountedLayers(model.lora().routed(rows), true);
                        found.add(TokenPasses.logits(model, block, 5, 4));
                        assertEquals(4, block.count());
                    }
                    for (int row : new int[] {0, 2, 3}) {
                        assertArrayEquals(found.get(0).get(row), found.get(1).get(row));
                    }
                    assertNotEquals(found.get(0).get(1)[0], found.get(1).get(1)[0]);
                });
    }

    /** Such factors are kept apart from others, so that their layers are called one by one. */
    @Test
    void anAdapterOfLargeFactors_counts_besideOthers() throws IOException {
        withAdapter(
                "llama3",
                builder -> builder.setTargetModules("q_proj"),
                model -> {
                    LoraConfig.Builder other = LoraConfig.builder().setTargetModules("q_proj");
                    model.lora().create("other", other.optInit(LoraInit.RANDOM).build());
                    model.lora().adapter("other").setTrainable(false);
                    fill(model.lora().adapter("made"), "lora_A", 2e4f);
                    assertEquals(0, compare(model, Routing.rows("made", "other"), 2));
                });
    }

    @Test
    void aPassThatACacheHasNoRoomFor_isRefused() throws IOException {
        try (FamilyCase reference = new FamilyCase("llama3")) {
            PretrainedModel model = reference.model();
            for (boolean allowed : new boolean[] {true, false}) {
                Block block = new CountedLayers(model.block(), allowed);
                assertEquals(2, TokenPasses.logits(model, block, 2, 4).size());
                IllegalStateException e =
                        assertThrows(
                                IllegalStateException.class,
                                () -> TokenPasses.logits(model, block, 2, 3));
                assertTrue(e.getMessage().contains("capacity of at least 4"), e.getMessage());
            }
        }
    }

    @Test
    void aMergedModel_isComputedInOneCall() throws IOException {
        try (FamilyCase reference = new FamilyCase("mistral")) {
            reference.loadAdapter();
            PretrainedModel model = reference.model();
            try (MergedModel merged = model.lora().merge(Routing.of("first"))) {
                for (int texts : new int[] {1, 3}) {
                    // A prompt of one token alone is computed in one call too.
                    int passes = texts == 1 ? STEPS : STEPS - 1;
                    assertEquals(passes, compare(model, merged, texts));
                }
            }
        }
    }

    /** 33 texts are too many; when one has ended, the others go on in one call. */
    @Test
    void textsThatAreFewInTheEnd_areComputedInOneCallThen() throws IOException {
        try (FamilyCase reference = new FamilyCase("mistral")) {
            PretrainedModel model = reference.model();
            // A text's first token is that of its prompt.
            assertEquals(0, compare(model, model.block(), 33));
            assertEquals(STEPS - 1, compare(model, model.block(), 8));
            assertEquals(1, compare(model, model.block(), 33, true));
        }
    }
}

package dev.ligature.internal.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.LlamaLayout;
import dev.ligature.checkpoint.Refusal;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TestFiles;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.files.StagedDirectory;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is compared with what PEFT saved for the same adapter. */
class AdapterWriteTest {
    private static final List<String> FILES =
            List.of(AdapterConfigJson.FILE_NAME, AdapterDirectory.WEIGHTS);

    private NDManager manager;
    @TempDir private Path directory;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void aTiedAdapter_hasPeftsTensorsWithoutTheBases() throws IOException {
        Loaded loaded = load("tied");
        Path out = directory.resolve("deep/out");
        AdapterDirectory.write(out, loaded.plan(), new AdapterContents(loaded.pairs()));
        assertEquals(FILES, TestFiles.names(out));
        try (SafetensorsReader ours = reader(out);
                SafetensorsReader peft = reader(adapter("tied"))) {
            Set<String> names = new TreeSet<>(peft.tensors().keySet());
            names.removeIf(name -> name.contains("base_layer"));
            assertEquals(names, new TreeSet<>(ours.tensors().keySet()));
            assertEquals(Map.of("format", "pt"), ours.metadata());
            for (String name : names) {
                assertEquals(peft.tensor(name).shape(), ours.tensor(name).shape());
                assertArrayEquals(
                        peft.read(name, manager).toFloatArray(),
                        ours.read(name, manager).toFloatArray());
            }
        }
    }

    @Test
    void theConfigOfATiedAdapter_namesEveryReader() throws IOException {
        Loaded loaded = load("tied");
        AdapterDirectory.write(
                directory.resolve("out"), loaded.plan(), new AdapterContents(loaded.pairs()));
        AdapterDirectory written = AdapterDirectory.open(directory.resolve("out"));
        assertTrue(written.config().ensureWeightTying());
        Set<String> targets = ((ModuleSelection.Names) written.config().targetModules()).names();
        assertTrue(targets.containsAll(Set.of("q_proj", "model.embed_tokens", "lm_head")));
        LoraPlan plan = PlanResolver.resolve(written.config(), LlamaLayout.tied());
        assertEquals(loaded.plan().pairs(), plan.pairs());
    }

    @Test
    void writingWhatWasWritten_givesTheSameBytes() throws IOException {
        Loaded loaded = load("tied");
        Path first = directory.resolve("first");
        AdapterDirectory.write(first, loaded.plan(), new AdapterContents(loaded.pairs()));
        Loaded again = load(first, LlamaLayout.tied());
        Path second = directory.resolve("second");
        AdapterDirectory.write(second, again.plan(), new AdapterContents(again.pairs()));
        for (String name : FILES) {
            assertEquals(-1, Files.mismatch(first.resolve(name), second.resolve(name)), name);
        }
    }

    @Test
    void aTrainableFactor_isWrittenWithoutLeavingAnArray() throws IOException {
        Loaded loaded = load("tied");
        loaded.pairs().values().forEach(factors -> factors.a().setRequiresGradient(true));
        int before = manager.getManagedArrays().size();
        AdapterDirectory.write(
                directory.resolve("out"), loaded.plan(), new AdapterContents(loaded.pairs()));
        assertEquals(before, manager.getManagedArrays().size());
    }

    @Test
    void anAdapterThatIsThere_isReplacedAndOtherFilesStay() throws IOException {
        Path out = TestFiles.copy(adapter("flag-off"), directory.resolve("out"));
        Files.writeString(out.resolve("metrics.csv"), "step,loss\n");
        Files.writeString(out.resolve("adapter_model.bin"), "stale");
        Files.createDirectory(out.resolve("logs"));
        Loaded loaded = load("tied");
        AdapterDirectory.write(out, loaded.plan(), new AdapterContents(loaded.pairs()));
        assertEquals(
                List.of(FILES.get(0), FILES.get(1), "logs", "metrics.csv"), TestFiles.names(out));
        assertEquals(3, load(out, LlamaLayout.tied()).pairs().size());
        assertEquals(List.of("out"), TestFiles.names(directory));
    }

    @Test
    void aDirectoryWithoutAdapter_getsTheFilesAdded() throws IOException {
        Path out = Files.createDirectory(directory.resolve("run.partial"));
        Files.writeString(out.resolve("metrics.csv"), "step,loss\n");
        Loaded loaded = load("tied");
        AdapterDirectory.write(out, loaded.plan(), new AdapterContents(loaded.pairs()));
        assertEquals(List.of(FILES.get(0), FILES.get(1), "metrics.csv"), TestFiles.names(out));
        assertEquals(List.of("run.partial"), TestFiles.names(directory));
    }

    @Test
    void aWriteThatFails_leavesTheFormerAdapterAndNothingElse() throws IOException {
        Path out = TestFiles.copy(adapter("tied"), directory.resolve("out"));
        StagedDirectory.Content content =
                staged -> {
                    Files.writeString(staged.resolve(FILES.get(1)), "half");
                    throw new IOException("No space left on device");
                };
        Refusal.of(
                "WriteFailed",
                () -> StagedDirectory.createOrReplace(out, FILES, List.of(), content),
                "No space left on device",
                out.toString());
        assertEquals(List.of("out"), TestFiles.names(directory));
        for (String name : FILES) {
            assertEquals(-1, Files.mismatch(adapter("tied").resolve(name), out.resolve(name)));
        }
    }

    @Test
    void whenAReplacementWasInterrupted_theFormerAdapterIsReadAndTheNextWriteBringsItBack()
            throws IOException {
        Path mine = directory.resolve("mine");
        Path former = TestFiles.copy(adapter("tied"), directory.resolve(".mine.1a2b3c4d.replaced"));
        Files.writeString(former.resolve("metrics.csv"), "step,loss\n");
        TestFiles.copy(adapter("diverged"), directory.resolve(".mine.x.1a2b3c4d.replaced"));
        Loaded loaded = load(mine, LlamaLayout.tied());
        assertEquals(3, loaded.pairs().size());

        AdapterDirectory.write(mine, loaded.plan(), new AdapterContents(loaded.pairs()));
        assertEquals(List.of(FILES.get(0), FILES.get(1), "metrics.csv"), TestFiles.names(mine));
        assertEquals(List.of(".mine.x.1a2b3c4d.replaced", "mine"), TestFiles.names(directory));
        Refusal.of("CheckpointMissing", () -> AdapterDirectory.open(directory.resolve("other")));
    }

    @Test
    void whatAnInterruptedReplacementLeftBehind_isMovedByTheNextWrite() throws IOException {
        Path mine = TestFiles.copy(adapter("tied"), directory.resolve("mine"));
        Path former = TestFiles.copy(adapter("flag-off"), directory.resolve(".mine.0.replaced"));
        Files.writeString(former.resolve("metrics.csv"), "step,loss\n");
        Loaded loaded = load(mine, LlamaLayout.tied());
        AdapterDirectory.write(mine, loaded.plan(), new AdapterContents(loaded.pairs()));
        assertEquals(List.of(FILES.get(0), FILES.get(1), "metrics.csv"), TestFiles.names(mine));
        assertEquals(List.of("mine"), TestFiles.names(directory));
        assertEquals(3, load(mine, LlamaLayout.tied()).pairs().size());
    }

    @Test
    void factorsOfAnotherPlan_areRefusedBeforeAnythingIsWritten() throws IOException {
        Loaded loaded = load("tied");
        Path out = directory.resolve("out");
        assertThrows(
                IllegalArgumentException.class,
                () -> AdapterDirectory.write(out, loaded.plan(), new AdapterContents(Map.of())));
        Map<PairPlan, Factors> wrong = new LinkedHashMap<>(loaded.pairs());
        wrong.replaceAll((pair, factors) -> new Factors(factors.b(), factors.a()));
        assertThrows(
                IllegalArgumentException.class,
                () -> AdapterDirectory.write(out, loaded.plan(), new AdapterContents(wrong)));
        assertFalse(Files.exists(out));
    }

    private record Loaded(LoraPlan plan, Map<PairPlan, Factors> pairs) {}

    private Loaded load(String name) throws IOException {
        return load(adapter(name), LlamaLayout.tied());
    }

    private Loaded load(Path adapter, ModelLayout layout) throws IOException {
        AdapterDirectory opened = AdapterDirectory.open(adapter);
        LoraPlan plan = PlanResolver.resolveForLoading(opened.config(), layout);
        return new Loaded(plan, BaseOfTests.read(opened, plan, layout, manager).pairs());
    }

    private static Path adapter(String name) {
        return TestFiles.resource("checkpoint/adapters/" + name);
    }

    private static SafetensorsReader reader(Path adapter) throws IOException {
        return SafetensorsReader.open(adapter.resolve(AdapterDirectory.WEIGHTS));
    }
}

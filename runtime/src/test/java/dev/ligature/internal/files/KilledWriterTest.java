package dev.ligature.internal.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.LlamaLayout;
import dev.ligature.checkpoint.TestFiles;
import dev.ligature.internal.peft.AdapterDirectory;
import dev.ligature.internal.peft.BaseOfTests;
import dev.ligature.internal.peft.Factors;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.internal.tensors.ShardedTensors;
import dev.ligature.plan.LoraPlan;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is killed while it writes leaves the old directory or the new one. */
class KilledWriterTest {
    private static final boolean SOAK = Boolean.getBoolean("ligature.soak");
    private static final int KILLS_OF_ADAPTERS = SOAK ? 60 : 4;
    private static final int KILLS_OF_EXPORTS = SOAK ? 60 : 3;
    private static final int MOST_MILLISECONDS = 150;
    private static final String METRICS = "metrics.csv";

    @TempDir private Path directory;
    private final Random random = new Random(20261125);
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void anAdapter_isTheLastOneThatWasWrittenOrTheNext() throws Exception {
        Path adapter = directory.resolve("adapter");
        for (int kill = 0; kill < KILLS_OF_ADAPTERS; kill++) {
            WriterProcess.writeAdapter(adapter, 1_000_000, manager);
            Files.writeString(adapter.resolve(METRICS), "step,loss\n");
            int written = lastBeforeTheKill("adapter", adapter.toString());
            int found = version(adapter);
            assertTrue(
                    found == written || found == written + 1,
                    "version " + found + " after " + written);
            WriterProcess.writeAdapter(adapter, 2_000_000, manager);
            assertEquals(2_000_000, version(adapter));
            assertEquals(
                    List.of(AdapterConfigJson.FILE_NAME, AdapterDirectory.WEIGHTS, METRICS),
                    TestFiles.names(adapter));
            assertTrue(
                    TestFiles.names(directory).stream()
                            .noneMatch(name -> name.endsWith("replaced")),
                    TestFiles.names(directory).toString());
        }
    }

    @Test
    void anExport_isThereWholeOrNotAtAll() throws Exception {
        Path base = TestFiles.resource("checkpoint/sharded-bf16");
        for (int kill = 0; kill < KILLS_OF_EXPORTS; kill++) {
            Path outputs = Files.createDirectory(directory.resolve("run" + kill));
            int written = lastBeforeTheKill("export", outputs.toString(), base.toString());
            for (int version = 1; version <= written; version++) {
                assertWhole(base, outputs.resolve("v" + version), version);
            }
            Path next = outputs.resolve("v" + (written + 1));
            if (Files.exists(next)) {
                assertWhole(base, next, written + 1);
            }
            assertFalse(Files.exists(outputs.resolve("v" + (written + 2))));
        }
    }

    /** Returns the last version that a process printed before it was killed. */
    private int lastBeforeTheKill(String... args) throws Exception {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.add("--enable-native-access=ALL-UNNAMED");
        line.add("-XX:TieredStopAtLevel=1");
        line.add("-Dai.djl.offline=true");
        line.add("-cp");
        line.add(System.getProperty("java.class.path"));
        line.add(WriterProcess.class.getName());
        line.addAll(List.of(args));
        Process process =
                new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader out = process.inputReader()) {
            String last = out.readLine();
            assertTrue(last != null, "the process ended by itself");
            Thread.sleep(random.nextInt(MOST_MILLISECONDS));
            // Through the handle, which leaves the pipe open for what was printed last.
            process.toHandle().destroyForcibly();
            for (String next = out.readLine(); next != null; next = out.readLine()) {
                last = next;
            }
            process.waitFor();
            return Integer.parseInt(last);
        }
    }

    private int version(Path adapter) throws IOException {
        AdapterDirectory opened = AdapterDirectory.open(adapter);
        int version = (int) opened.config().loraAlpha();
        LoraPlan plan = PlanResolver.resolveForLoading(opened.config(), LlamaLayout.tied());
        for (Factors factors :
                BaseOfTests.read(opened, plan, LlamaLayout.tied(), manager).pairs().values()) {
            assertAll(version, factors.a());
            assertAll(version, factors.b());
        }
        return version;
    }

    private void assertWhole(Path base, Path export, int version) throws IOException {
        assertEquals(TestFiles.names(base), TestFiles.names(export));
        try (ShardedTensors tensors = ShardedTensors.open(export)) {
            for (String name : tensors.names()) {
                assertAll(version, tensors.reader(name).read(name, manager));
            }
        }
    }

    private static void assertAll(int value, NDArray array) {
        for (float element : array.toFloatArray()) {
            assertEquals(value, element);
        }
        array.close();
    }
}

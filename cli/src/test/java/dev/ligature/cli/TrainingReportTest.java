package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code train} writes to {@code report.html}. */
final class TrainingReportTest {
    @TempDir Path folder;

    private Path model;
    private Path data;

    @BeforeEach
    void writeFiles() throws IOException {
        model = TaskFiles.base(folder, "cases/llama-rslora");
        data =
                Files.writeString(
                        folder.resolve("a.jsonl"),
                        "{\"prompt\": \"a fox\", \"completion\": \" runs\"}\n"
                                + "{\"prompt\": \"the dog\", \"completion\": \" sleeps\"}\n"
                                        .repeat(4));
    }

    private CliRun train(String output, Object... more) {
        return CliRun.of(args(output, more));
    }

    private Object[] args(String output, Object... more) {
        List<Object> args = TaskFiles.train(model, folder.resolve(output), "--data", data);
        args.addAll(List.of("--batch-size", 2));
        args.addAll(Arrays.asList(more));
        return args.toArray();
    }

    private String html(String file) throws IOException {
        return Files.readString(folder.resolve(file));
    }

    @Test
    void theReport_hasAllParts_andAsksForNothing() throws IOException {
        train("a", "--steps", 4, "--eval-data", data, "--eval-every", 2, "--report-samples", 9)
                .succeeded();
        String html = html("a/report.html");
        for (String part :
                List.of(
                        "Loss in nats, mean over tokens",
                        "Norm of the gradients",
                        "Learning rate",
                        "Tokens per second",
                        "Memory of the process",
                        "Evaluation: perplexity",
                        "The steps as a table",
                        "model.layers.*.self_attn.q_proj",
                        "lines that were cut",
                        "--eval-data",
                        "<dt>Base</dt>",
                        "<dt>Adapter</dt>",
                        "PretrainedModel.load",
                        "PeftModel.from_pretrained",
                        "vllm serve",
                        "Finished after step 4")) {
            assertTrue(html.contains(part), part);
        }
        assertFalse(html.contains("http:") || html.contains("https:"), "something of the network");
        assertFalse(html.contains(" style=\""), "a style that the policy refuses");
    }

    @Test
    void aTrainingThatGoesOn_hasAReportOfAllSteps() throws IOException {
        train("a", "--steps", 2, "--checkpoint-every", 2, "--report-samples", 0).succeeded();
        assertTrue(html("a.checkpoints/report.html").contains("Checkpoint after step 2"));
        assertFalse(html("a/report.html").contains("Samples before"));
        Path metrics = folder.resolve("a.checkpoints/step-2/metrics.csv");
        Path resumed = folder.resolve("a.checkpoints");
        train("b", "--steps", 3, "--resume", resumed).succeeded();
        assertTrue(html("b/report.html").contains("Finished after step 3"));
        assertTrue(html("b/report.html").contains("at step 1, "), "the first steps");
        assertTrue(html("b/report.html").contains("Samples before"));
        assertEquals(2, Cases.column(metrics, "resident_bytes").length);
    }

    @Test
    void aTrainingThatIsStopped_hasAReport() throws IOException {
        StopSignal stop = new StopSignal();
        Path partial = folder.resolve("a.partial/metrics.csv");
        Thread signal = new Thread(() -> raiseAfterAStep(stop, partial));
        signal.start();
        CliRun run = CliRun.with(stop, args("a", "--steps", 100_000));
        assertEquals(StopSignal.EXIT_CODE, run.exitCode(), run.err());
        assertTrue(html("a/report.html").contains("Ended after step "));
    }

    private static void raiseAfterAStep(StopSignal stop, Path metrics) {
        while (TaskFiles.lines(metrics) < 2) {
            Thread.onSpinWait();
        }
        stop.raise();
    }

    @Test
    void metricsOfAnOlderVersion_getTheirColumn() throws IOException {
        Path csv = folder.resolve("metrics.csv");
        List<String> old =
                List.of(
                        "step,loss,grad_norm,learning_rate,tokens_per_second",
                        "1,2.5,1.0,0.001,7.5");
        Files.write(csv, old);
        new MetricsFile(folder).close();
        assertEquals(
                List.of(old.get(0) + ",resident_bytes", old.get(1) + ","), Files.readAllLines(csv));
        assertArrayEquals(new float[] {2.5f}, Cases.column(csv, "loss"));
    }
}
